import { z } from 'zod';
import { HAPPENINGS } from './happening.ts';

/** Which calls a rule spoils. */
const matcher = {
  /** For the list of rules; made unless given. */
  id: z.string().min(1).optional(),
  /** Absent: any. */
  method: z.enum(['GET', 'POST', 'PUT', 'DELETE']).optional(),
  /** Below `/api2/json`: `*` or `{name}` is one segment, `**` is any rest. Absent: every path. */
  path: z.string().startsWith('/').optional(),
  /** Only the n-th call that matches, from 1. */
  nth: z.int().min(1).optional(),
  /** Each call that matches, with this chance. */
  probability: z.number().min(0).max(1).optional(),
  /** At most so many calls. */
  times: z.int().min(1).optional(),
  /** Before the call takes effect, or after it, when only the answer is left to be spoiled. */
  when: z.enum(['before', 'after']).default('before'),
};

const ms = z.number().min(0);

/** What happens to the connection. */
const refuse = { ...matcher, what: z.literal('refuse') };
const reset = { ...matcher, what: z.literal('reset') };
/** Nothing is heard any more; after `ms` the connection is reset. */
const hang = { ...matcher, what: z.literal('hang'), ms: ms.default(3_600_000) };
const delay = { ...matcher, what: z.literal('delay'), ms };

/** What happens to the answer. */
const answer = {
  ...matcher,
  what: z.literal('answer'),
  status: z.int().min(100).max(599),
  reason: z.string().default(''),
  /** Absent: as that status has it. */
  body: z.string().optional(),
};
/** The answer that the same request had the last time; a first one is true. */
const staleRead = { ...matcher, what: z.literal('stale-read') };
const emptiedList = { ...matcher, what: z.literal('emptied-list') };

/** What happens to the task that the call forks, before its work or after it. */
const taskError = { ...matcher, what: z.literal('task-error'), message: z.string().default('simulated failure') };
const taskNeverEnds = { ...matcher, what: z.literal('task-never-ends') };
/** `kill -9`, so long after the fork. */
const killWorker = { ...matcher, what: z.literal('kill-worker'), afterMs: ms.default(0) };

/** A rule of the faults, as JSON. */
export const faultSchema = z.discriminatedUnion('what', [
  z.strictObject(refuse),
  z.strictObject(reset),
  z.strictObject(hang),
  z.strictObject(delay),
  z.strictObject(answer),
  z.strictObject(staleRead),
  z.strictObject(emptiedList),
  z.strictObject(taskError),
  z.strictObject(taskNeverEnds),
  z.strictObject(killWorker),
  z.strictObject({ ...matcher, ...HAPPENINGS.nodeDown }),
  z.strictObject({ ...matcher, ...HAPPENINGS.nodeUnreachable }),
  z.strictObject({ ...matcher, ...HAPPENINGS.daemonRestarts }),
  z.strictObject({ ...matcher, ...HAPPENINGS.quorumLost }),
  z.strictObject({ ...matcher, ...HAPPENINGS.broadcastsLost }),
  z.strictObject({ ...matcher, ...HAPPENINGS.lockTimeout }),
  z.strictObject({ ...matcher, ...HAPPENINGS.strangerTakesVmid }),
  z.strictObject({ ...matcher, ...HAPPENINGS.vmVanishes }),
  z.strictObject({ ...matcher, ...HAPPENINGS.vmMoves }),
  z.strictObject({ ...matcher, ...HAPPENINGS.configEdited }),
]);

/** A rule as it is written: what has a default may be left out. */
export type FaultRule = z.input<typeof faultSchema>;

/** A rule with all defaults. */
export type Fault = z.output<typeof faultSchema>;

/** Reads rules. @throws Error that lists each problem with the place it is at. */
export function parseFaults(value: unknown): Fault[] {
  const result = z.array(faultSchema).safeParse(value);
  if (result.success) return result.data;
  throw new Error(`the faults are not valid:\n${z.prettifyError(result.error)}`);
}
