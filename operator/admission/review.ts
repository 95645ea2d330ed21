import { z } from 'zod';
import type { VirtualMachine, VmQuota, VmSnapshot } from '#api/kinds.ts';
import { amounts } from '#api/ledger.ts';
import { virtualMachineSpec } from '#api/virtual-machine.ts';
import { vmQuotaSpec } from '#api/vm-quota.ts';
import { vmSnapshotSpec } from '#api/vm-snapshot.ts';
import { overdrawn } from '../core/quota/figures.ts';
import { mayWait } from '../core/quota/request.ts';
import type { QuotaGate } from '../effects/quota-gate.ts';

const metadata = z.object({
  name: z.string(),
  namespace: z.string(),
  uid: z.string().optional(),
  creationTimestamp: z.string().nullish(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** What the API server asks, as far as it is read. */
const reviewOf = <T extends z.ZodType>(object: T) =>
  z.object({ request: z.object({ uid: z.string(), dryRun: z.boolean().optional(), object }) });

const machineReview = reviewOf(z.object({ metadata, spec: virtualMachineSpec }));

const snapshotReview = reviewOf(z.object({ metadata, spec: vmSnapshotSpec }));

const quotaReview = reviewOf(
  z.object({
    metadata,
    spec: vmQuotaSpec,
    status: z.object({ used: amounts.optional() }).optional(),
  }),
);

/** What the API server gets. */
export interface Answer {
  uid: string;
  allowed: boolean;
  status?: { code: number; reason: string; message: string };
  warnings?: string[];
}

/** How long an answer may take: less than the API server's own patience with the webhook, which is 3 s. */
const answerMs = 2_500;

const waits = 'The machine waits until an administrator grants the request.';

const unchecked = 'The quota was not checked now; the operator checks it before anything is made.';

/**
 * Whether a machine fits into its quota, which then holds room for it unless it was only a dry run. Where that cannot be
 * told the answer is yes, with a warning: the operator asks again. Throws ZodError for what is no review of a machine.
 */
export async function reviewMachine(
  gate: QuotaGate,
  body: unknown,
  onError: (error: unknown) => void,
): Promise<Answer> {
  const { uid, dryRun, object } = machineReview.parse(body).request;
  const vm = inTerms<VirtualMachine>(object);
  const asked = gate.grant(vm, { state: 'Reserved', dryRun: dryRun ?? false });
  return answerTo(uid, asked, onError, reason => (mayWait(vm, reason) ? [waits] : undefined));
}

/** The same for a snapshot, which never waits for room. Throws ZodError for what is no review of a snapshot. */
export async function reviewSnapshot(
  gate: QuotaGate,
  body: unknown,
  onError: (error: unknown) => void,
): Promise<Answer> {
  const { uid, dryRun, object } = snapshotReview.parse(body).request;
  const snapshot = inTerms<VmSnapshot>(object);
  const asked = gate.grantSnapshot(snapshot, { state: 'Reserved', dryRun: dryRun ?? false });
  return answerTo(uid, asked, onError, () => undefined);
}

/** An object as it is known elsewhere: what is null is absent. */
function inTerms<T>(object: { metadata: z.infer<typeof metadata>; spec: unknown }): T {
  const { creationTimestamp, ...rest } = object.metadata;
  return { ...object, metadata: { ...rest, ...(creationTimestamp && { creationTimestamp }) } } as T;
}

/** `lets` says with which further warnings somebody is let in who was refused for a reason, if at all. */
async function answerTo(
  uid: string,
  asked: Promise<{ granted: true } | { granted: false; reason: string; message: string }>,
  onError: (error: unknown) => void,
  lets: (reason: string) => string[] | undefined,
): Promise<Answer> {
  try {
    const view = await inTime(asked);
    if (view === undefined) return { uid, allowed: true, warnings: [unchecked] };
    if (view.granted) return { uid, allowed: true };
    const { reason, message } = view;
    if (reason === 'QuotaNotReady') return { uid, allowed: true, warnings: [message] };
    const further = lets(reason);
    if (further) return { uid, allowed: true, warnings: [message, ...further] };
    return { uid, allowed: false, status: { code: 403, reason: 'Forbidden', message } };
  } catch (error) {
    onError(error);
    return { uid, allowed: true, warnings: [unchecked] };
  }
}

async function inTime<T>(answer: Promise<T>): Promise<T | undefined> {
  const deadline = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => deadline.resolve(undefined), answerMs);
  try {
    return await Promise.race([answer, deadline.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** A quota may be set below what is used; whoever does it is told. Throws ZodError for what is no review of a quota. */
export function reviewQuota(body: unknown): Answer {
  const { uid, object } = quotaReview.parse(body).request;
  const { spec, status } = object as VmQuota;
  const over = overdrawn(spec, status?.used ?? {});
  if (over.length === 0) return { uid, allowed: true };
  const warning = `more is used than allowed: ${over.join('. ')}. Nothing is stopped; nothing may grow.`;
  return { uid, allowed: true, warnings: [warning] };
}
