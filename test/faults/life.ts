import { virtualMachines } from '#api/kinds.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import type { Durations } from '#simulator/tasks/durations.ts';
import type { FaultPlan } from './fault.ts';
import { FaultWorld, relistMs, type WatchMood } from './fault-world.ts';
import { Violation } from './invariants.ts';

/** How long work in Proxmox takes in a run: seconds for each step, or a clone that never ends. */
export type Pace = 0 | 1 | 8 | 40 | 120 | 'never';

/** A run of one machine's whole life. */
export interface LifePlan {
  faults: FaultPlan;
  pace: Pace;
  /** Seed of the jitter and of the watches' moods. */
  seed: number;
  watch: WatchMood;
  /** Operators at the same time, without an election. Default: 1. */
  operators?: number;
  /** What the machine is made from. Default: the template. */
  from?: Origin;
}

/** What a machine can be made from, with the type of the task that makes it. */
export type Origin = keyof typeof makings;

const makings = { template: 'qmclone', iso: 'qmcreate' } as const;

/** What became of it. */
export interface LifeResult {
  /** Every call that was made, in order. */
  calls: string[];
  crashes: number;
  /** What was broken, if anything was. */
  violation?: string;
}

/** Longest that any phase may take, in virtual time: several of the longest backoffs. */
const patienceMs = 30 * 60_000;

/** What is left to do once nothing goes wrong any more: a claim is taken back with the next look at its cluster. */
const clearingMs = 60_000;

/** How long an entry of the ledger that is nobody's may stand: the operator doubts it after two minutes. */
const forgottenMs = 300_000;

/** How long nothing may happen at the end. */
const restMs = 120_000;

/** Creates a machine, changes it, deletes it, and looks for what must not happen on the way. */
export async function live({ faults, pace, seed, watch, operators, from = 'template' }: LifePlan): Promise<LifeResult> {
  const world = new FaultWorld({
    plan: faults,
    durations: durationsOf(pace),
    random: randomFrom(seed),
    watch,
    operators,
  });
  let violation: string | undefined;
  try {
    await world.begin();
    await world.create('web-1', from === 'iso' ? { source: { iso: { name: 'debian' } } } : {});
    if ([...faults.values()].includes('replaced')) await endure(world);
    else await prosper(world, { pace, watch, operators, from });
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error.message;
  }
  world.end();
  return { calls: world.counter.calls, crashes: world.crashes, violation };
}

/** The life of a machine that is made, changed and deleted, whatever goes wrong on the way. */
async function prosper(
  world: FaultWorld,
  { pace, watch, operators = 1, from }: Pick<LifePlan, 'pace' | 'watch' | 'operators'> & { from: Origin },
): Promise<void> {
  if (pace === 'never') await world.pass(60_000);
  else {
    await expectReady(world, 'was made');
    if (from === 'iso') expectNothingWritten(world);
    change(world);
    await expectReady(world, 'was changed');
    expectOneOfEach(world, from);
  }
  await remove(world);
  await expectThat(world, () => world.machine('web-1') === undefined, 'is gone');
  if (pace !== 'never' && operators === 1) expectNoCallTwice(world, from);
  await sweepUp(world);
  // One of two may have asked for room right before the other one saw the machine gone.
  if (operators > 1) await world.pass(forgottenMs);
  expectNothingLeft(world);
  await expectRest(world, watch);
}

/** The same for a machine whose VMID a stranger takes: nothing can come of it, and nothing may happen to the stranger. */
async function endure(world: FaultWorld): Promise<void> {
  await world.until(() => world.counter.struck > 0, 60_000);
  change(world);
  await world.pass(60_000);
  await remove(world);
  await world.pass(120_000);
}

const change = (world: FaultWorld): void =>
  world.kubernetes.edit<{ metadata: { name: string }; spec: VirtualMachineSpec }>(virtualMachines, web1, {
    resources: { cpu: 4, memory: '1Gi' },
    disks: [{ name: 'root', size: '6Gi' }],
  });

const remove = (world: FaultWorld): Promise<void> => world.kubernetes.client().remove(virtualMachines, web1);

/** An administrator unlocks what killed workers have left; then Berth removes it. */
async function sweepUp(world: FaultWorld): Promise<void> {
  world.unlockAbandoned();
  await expectThat(world, () => world.invariants.abandoned.size === 0, 'left its abandoned VMIDs clean');
}

const web1 = { namespace: 'team-a', name: 'web-1' };

function durationsOf(pace: Pace): Partial<Durations> {
  if (pace === 'never') return { copy: { ms: 1e12 }, qmcreate: { ms: 1e12 } };
  const ms = pace * 1000;
  return { copy: { ms }, qmcreate: { ms }, resize: { ms }, qmstart: { ms }, qmstop: { ms }, free: { ms } };
}

async function expectThat(world: FaultWorld, holds: () => boolean, what: string): Promise<void> {
  if (await world.until(holds, patienceMs)) return;
  const { message } = world.machine('web-1')?.status?.conditions?.find(({ type }) => type === 'Ready') ?? {};
  throw new Violation(`I5: the machine never ${what}; it says: ${message}`);
}

const expectReady = (world: FaultWorld, what: string): Promise<void> =>
  expectThat(
    world,
    () => {
      const vm = world.machine('web-1');
      const ready = vm?.status?.conditions?.find(({ type }) => type === 'Ready');
      return ready?.status === 'True' && ready.observedGeneration === vm?.metadata.generation;
    },
    what,
  );

/** A machine that was made at once is started as it is. */
function expectNothingWritten({ counter }: FaultWorld): void {
  const write = counter.calls.find(call => /^proxmox PUT /.test(call));
  if (write) throw new Violation(`I10: a machine that was made with everything is written to: ${write}`);
}

/** I6: what a fault cost is time, not machines: one making and one boot succeed, whatever happened. */
function expectOneOfEach(world: FaultWorld, from: Origin): void {
  for (const type of [makings[from], 'qmstart']) {
    const done = Object.values(world.simulator.state.tasks).filter(
      task => task.type === type && task.exitstatus === 'OK',
    );
    if (done.length !== 1) throw new Violation(`I6: ${done.length} tasks ${type} succeeded`);
  }
}

/** I10: where nothing went wrong, every task was started as often as it takes and not once more. */
function expectNoCallTwice(world: FaultWorld, from: Origin): void {
  if (world.counter.struck > 0) return;
  // What is made from an image has disks of their size from the start.
  const resizes = from === 'iso' ? 1 : 2;
  const expected = { [makings[from]]: 1, resize: resizes, qmstart: 1, qmstop: 1, qmdestroy: 1 };
  for (const [type, times] of Object.entries(expected)) {
    const tasks = Object.values(world.simulator.state.tasks).filter(task => task.type === type);
    if (tasks.length !== times) throw new Violation(`I10: ${tasks.length} tasks ${type} instead of ${times}`);
  }
}

function expectNothingLeft(world: FaultWorld): void {
  const leaks = world.invariants.leaks();
  if (leaks.length > 0) throw new Violation(`I2: left in Proxmox: ${leaks.join(', ')}`);
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

/** A small generator (mulberry32): the same seed gives the same run. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
