import { type VirtualMachine, type VmPolicy, type VmQuota, vmPolicies, vmQuotas } from '#api/kinds.ts';
import type { Allocation } from '#api/ledger.ts';
import type { KubeClient } from '#kube/client.ts';
import type { QuotaView } from '../core/observed.ts';
import type { Charge } from '../core/quota/amounts.ts';
import { type Applicant, evaluate, refusal, type Violation } from '../core/quota/evaluate.ts';
import { figuresOf } from '../core/quota/figures.ts';
import { release, reserve, type State, trim } from '../core/quota/ledger.ts';
import { LedgerWriter, type Pace } from './ledger-writer.ts';

/** The one name that VmQuotas and the VmPolicy have. */
export const singleton = 'default';

/** Who asks, and whether it is only a question. */
export interface Asking {
  state: State;
  dryRun?: boolean;
}

/**
 * The one way into a quota, for admission and the operator alike. Everything is decided on what the API server says at
 * that moment; nothing here relies on a store.
 */
export class QuotaGate {
  /** The ledger across namespaces. */
  readonly policy: LedgerWriter<VmPolicy>;
  readonly #kube: KubeClient;
  readonly #pace: Pace;
  readonly #quotas = new Map<string, LedgerWriter<VmQuota>>();

  /** `pace` is what a write waits by that somebody else was faster with; by default the machine's own time and chance. */
  constructor(kube: KubeClient, pace: Pace = {}) {
    this.#kube = kube;
    this.#pace = pace;
    this.policy = new LedgerWriter(kube, vmPolicies, { name: singleton }, pace);
  }

  /** The ledger of a namespace. */
  quota(namespace: string): LedgerWriter<VmQuota> {
    const known = this.#quotas.get(namespace);
    if (known) return known;
    const figures = ({ spec }: VmQuota, ledger: readonly Allocation[]) => figuresOf(spec, ledger);
    const made = new LedgerWriter<VmQuota>(this.#kube, vmQuotas, { namespace, name: singleton }, this.#pace, figures);
    this.#quotas.set(namespace, made);
    return made;
  }

  /** Gives a machine the room that its spec asks for, or says why not, in full. Rejects with KubeError. */
  async grant(vm: VirtualMachine, asking: Asking): Promise<QuotaView> {
    const across = await this.#acrossNamespaces(vm, { ...asking, dryRun: true });
    if (across.violations.length > 0) {
      const within = await this.#inNamespace(vm, { ...asking, dryRun: true }, across);
      const own = refused(across.violations, 'VmPolicy');
      return within.granted ? own : { ...own, message: `${own.message} ${within.message}` };
    }
    if (!across.ledgered || asking.dryRun) return this.#inNamespace(vm, asking, across);
    const reserved = await this.#acrossNamespaces(vm, asking);
    if (reserved.violations.length > 0) return refused(reserved.violations, 'VmPolicy');
    const within = await this.#inNamespace(vm, asking, across);
    if (!within.granted && reserved.isNew) await this.#releaseAcross(vm);
    return within;
  }

  /** Takes a machine out of every ledger: it is proven to be gone, or was let go. */
  async release(vm: VirtualMachine): Promise<void> {
    const { namespace = '', name, uid = '' } = vm.metadata;
    await this.quota(namespace).change((_, ledger) => ({
      ledger: ledger && release(ledger, { name, uid }),
      answer: undefined,
    }));
    await this.#releaseAcross(vm);
  }

  /** Lowers the entries of a machine to what Proxmox was seen to have. `seen` is its entry in the namespace's ledger. */
  async trim({ metadata }: VirtualMachine, seen: Allocation, confirmed: Charge): Promise<void> {
    const { namespace = '', name } = metadata;
    await this.quota(namespace).change((_, ledger) => ({
      ledger: ledger && trim(ledger, seen, confirmed),
      answer: undefined,
    }));
    await this.policy.change((_, ledger) => ({
      ledger: ledger && trim(ledger, { ...seen, name: `${namespace}/${name}` }, confirmed),
      answer: undefined,
    }));
  }

  async #releaseAcross({ metadata: { namespace, name, uid = '' } }: VirtualMachine): Promise<void> {
    await this.policy.change((_, ledger) => ({
      ledger: ledger && release(ledger, { name: `${namespace}/${name}`, uid }),
      answer: undefined,
    }));
  }

  #acrossNamespaces(vm: VirtualMachine, { state, dryRun }: Asking): Promise<Across> {
    const applicant = applicantOf(vm, `${vm.metadata.namespace}/${vm.metadata.name}`);
    return this.policy.change<Across>((policy, ledger) => {
      const unquotaed = policy?.spec.unquotaedNamespaces ?? 'Allow';
      const ledgered = policy?.spec.perUser !== undefined;
      if (!policy) return { answer: { unquotaed, ledgered, violations: [], isNew: false } };
      if (ledgered && ledger === undefined) {
        return { answer: { unquotaed, ledgered, violations: [notReady], isNew: false } };
      }
      const isNew = !ledger?.some(({ name }) => name === applicant.name);
      if (dryRun || ledger === undefined || !ledgered) {
        const { violations } = evaluate(policy.spec, ledger ?? [], applicant);
        return { answer: { unquotaed, ledgered, violations, isNew } };
      }
      const reservation = reserve(policy.spec, ledger, applicant, state);
      const { violations } = reservation;
      return { ledger: reservation.ledger, answer: { unquotaed, ledgered, violations, isNew } };
    }, ageOf(vm));
  }

  #inNamespace(vm: VirtualMachine, { state, dryRun }: Asking, { unquotaed }: Across): Promise<QuotaView> {
    const { namespace = '', name } = vm.metadata;
    const applicant = applicantOf(vm, name);
    return this.quota(namespace).change<QuotaView>((quota, ledger) => {
      if (!quota) return { answer: unquotaed === 'Allow' ? { granted: true } : noQuota(namespace) };
      if (ledger === undefined) return { answer: refused([notReady], 'VmQuota') };
      const answerTo = (violations: Violation[]): QuotaView =>
        violations.length > 0 ? refused(violations, 'VmQuota') : { granted: true, nodes: quota.spec.allowed?.nodes };
      if (dryRun) return { answer: answerTo(evaluate(quota.spec, ledger, applicant).violations) };
      const reservation = reserve(quota.spec, ledger, applicant, state);
      return { ledger: reservation.ledger, answer: answerTo(reservation.violations) };
    }, ageOf(vm));
  }
}

/** What the VmPolicy has to say about a machine. */
interface Across {
  unquotaed: 'Allow' | 'Deny';
  /** Whether there are limits across namespaces that need a ledger. */
  ledgered: boolean;
  violations: Violation[];
  /** Whether the machine has no entry yet. */
  isNew: boolean;
}

const applicantOf = ({ metadata, spec }: VirtualMachine, name: string): Applicant => ({
  name,
  uid: metadata.uid ?? '',
  ...(metadata.generation !== undefined && { generation: metadata.generation }),
  spec,
});

const ageOf = ({ metadata: { creationTimestamp = '', uid = '' } }: VirtualMachine): string =>
  `${creationTimestamp} ${uid}`;

const notReady: Violation = { reason: 'QuotaNotReady', text: 'it is being set up' };

function refused(violations: Violation[], kind: 'VmQuota' | 'VmPolicy'): QuotaView & { granted: false } {
  const [first] = violations;
  const title = `${kind} "${singleton}"`;
  const reason = first?.reason ?? 'QuotaExceeded';
  if (reason === 'QuotaNotReady')
    return { granted: false, reason, message: `${title} is being set up; the machine waits.` };
  return { granted: false, reason, message: refusal(title, violations) };
}

const noQuota = (namespace: string): QuotaView => ({
  granted: false,
  reason: 'NoQuota',
  message: `The namespace "${namespace}" has no VmQuota, and the VmPolicy lets no machine be made without one.`,
});
