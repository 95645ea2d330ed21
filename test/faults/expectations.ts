import type { VmOperationSpec } from '#api/vm-operation.ts';
import type { FaultWorld, WatchMood } from './fault-world.ts';
import { relistMs } from './fault-world.ts';
import { Violation } from './invariants.ts';

/** Longest that any phase may take, in virtual time: several of the longest backoffs. */
const patienceMs = 30 * 60_000;

/** What is left to do once nothing goes wrong any more: a claim is taken back with the next look at its cluster. */
const clearingMs = 60_000;

/** How long an entry of the ledger that is nobody's may stand: the operator doubts it after two minutes. */
const forgottenMs = 300_000;

/** How long nothing may happen at the end. */
const restMs = 90_000;

/** The machine that a life is about. */
export const web1 = { namespace: 'team-a', name: 'web-1' };

/** I5: what is wanted comes about in the end. */
export async function expectThat(
  world: FaultWorld,
  holds: () => boolean,
  what: string,
  withinMs = patienceMs,
): Promise<void> {
  if (await world.until(holds, withinMs)) return;
  const { message } = world.machine(web1.name)?.status?.conditions?.find(({ type }) => type === 'Ready') ?? {};
  throw new Violation(`I5: the machine never ${what}; it says: ${message}`);
}

/** Waits until the machine is as its spec of now says. */
export const expectReady = (world: FaultWorld, what: string, withinMs?: number): Promise<void> =>
  expectThat(
    world,
    () => {
      const vm = world.machine(web1.name);
      const ready = vm?.status?.conditions?.find(({ type }) => type === 'Ready');
      return ready?.status === 'True' && ready.observedGeneration === vm?.metadata.generation;
    },
    what,
    withinMs,
  );

/** I13: an operation has succeeded. */
export async function expectSuccess(world: FaultWorld, type: VmOperationSpec['type']): Promise<void> {
  const ended = () => world.operations().find(({ spec, status }) => spec.type === type && status?.finishedAt);
  await expectThat(world, () => ended() !== undefined, `was done with its ${type}`);
  const { reason, message } = ended()?.status?.conditions?.find(({ type }) => type === 'Ready') ?? {};
  if (reason !== 'Succeeded') throw new Violation(`I13: the ${type} ended otherwise: ${message}`);
}

/** I13: an operation has succeeded, and its resource went in time. */
export async function expectDone(world: FaultWorld, type: VmOperationSpec['type']): Promise<void> {
  await expectSuccess(world, type);
  await expectThat(world, () => world.operations().length === 0, `was rid of its ${type}`);
}

/** I6: what a fault cost is time, not machines: so many tasks of each type succeed, whatever happened. */
export function expectTimes(world: FaultWorld, expected: Record<string, number>): void {
  for (const [type, times] of Object.entries(expected)) {
    const done = world.invariants.tasks(type).filter(({ exitstatus }) => exitstatus === 'OK');
    if (done.length !== times) throw new Violation(`I6: ${done.length} tasks ${type} succeeded`);
  }
}

/** I10: where nothing went wrong, every task was started as often as it takes and not once more. */
export function expectNoCallTwice(world: FaultWorld, expected: Record<string, number>): void {
  if (world.counter.struck > 0) return;
  for (const [type, times] of Object.entries(expected)) {
    const tasks = world.invariants.tasks(type);
    if (tasks.length !== times) throw new Violation(`I10: ${tasks.length} tasks ${type} instead of ${times}`);
  }
}

/** I2 and I5: nothing is left behind, and nothing happens any more. */
export async function expectEnd(world: FaultWorld, watch: WatchMood, operators: number): Promise<void> {
  // One of two may have asked for room right before the other one saw the machine gone.
  if (operators > 1) await world.pass(forgottenMs);
  const leaks = world.invariants.leaks();
  if (leaks.length > 0) throw new Violation(`I2: left in Proxmox: ${leaks.join(', ')}`);
  await expectRest(world, watch);
}

/** I5: when nothing goes wrong any more, nothing is written, neither in Kubernetes nor in Proxmox. */
async function expectRest(world: FaultWorld, { missing }: WatchMood): Promise<void> {
  world.counter.calm();
  // An operator knows of an event that never came with the next list only.
  await world.pass(clearingMs + (missing > 0 ? relistMs : 0));
  const { calls } = world.counter;
  const before = calls.length;
  const writes = world.kubernetes.version;
  await world.pass(restMs);
  const changes = calls.slice(before).filter(call => /^proxmox (POST|PUT|DELETE)/.test(call));
  if (changes.length > 0) throw new Violation(`I5: at rest it calls ${changes[0]}`);
  if (world.kubernetes.version !== writes) throw new Violation('I5: at rest it writes to Kubernetes');
}
