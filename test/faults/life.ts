import { virtualMachines } from '#api/kinds.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import type { Durations } from '#simulator/tasks/durations.ts';
import { adoptAndKeep, adoptAndSpend, adoptWithSilentAgent } from './adopted-life.ts';
import { liveWithDrives } from './drive-life.ts';
import { expectEnd, expectNoCallTwice, expectReady, expectThat, expectTimes, web1 } from './expectations.ts';
import type { FaultPlan } from './fault.ts';
import { FaultWorld, type WatchMood } from './fault-world.ts';
import { Violation } from './invariants.ts';
import { liveWithSnapshots } from './snapshot-life.ts';

/** How long work in Proxmox takes in a run: seconds for each step, or a clone that never ends. */
export type Pace = 0 | 1 | 8 | 40 | 120 | 'never';

/** What a machine can be made from, with the type of the task that makes it. */
export const makings = { template: 'qmclone', iso: 'qmcreate' } as const;

type Origin = keyof typeof makings;

/**
 * What becomes of a machine: it is made, changed and deleted; adopted, operated on, and let go or deleted; or made and
 * taken back to snapshots, or given other images in its drive.
 */
export type Story = Origin | 'kept' | 'spent' | 'snapshots' | 'drives';

/** A run of one machine's whole life. */
export interface LifePlan {
  faults: FaultPlan;
  story: Story;
  pace: Pace;
  /** Seed of the jitter and of the watches' moods. */
  seed: number;
  watch: WatchMood;
  /** Operators at the same time, without an election. Default: 1. */
  operators?: number;
}

/** What became of it. */
export interface LifeResult {
  /** Every call that was made, in order. */
  calls: string[];
  /** The first of them that no machine has that is only made; 0 where the story differs from the start. */
  own: number;
  crashes: number;
  /** What was broken, if anything was. */
  violation?: string;
}

/** Lives a life, and looks for what must not happen on the way. */
export async function live(plan: LifePlan): Promise<LifeResult> {
  const { faults, story, pace, seed, watch, operators } = plan;
  const world = new FaultWorld({
    plan: faults,
    durations: durationsOf(pace),
    random: randomFrom(seed),
    watch,
    operators,
    adoptee: story === 'kept' || story === 'spent',
  });
  let violation: string | undefined;
  try {
    await world.begin();
    await lead(world, plan);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error.message;
  }
  world.end();
  return { calls: world.counter.calls, own: world.counter.own, crashes: world.crashes, violation };
}

async function lead(world: FaultWorld, plan: LifePlan): Promise<void> {
  const { faults, story, watch, operators = 1 } = plan;
  const kinds = [...faults.values()];
  if (story === 'kept' && kinds.includes('hangs')) await adoptWithSilentAgent(world);
  else if (story === 'kept') await adoptAndKeep(world, operators);
  else if (story === 'spent') await adoptAndSpend(world);
  else if (story === 'snapshots') await liveWithSnapshots(world, operators);
  else if (story === 'drives') await liveWithDrives(world, operators);
  else {
    await world.create(web1.name, story === 'iso' ? { source: { iso: { name: 'debian' } } } : {});
    if (kinds.includes('replaced')) return endure(world);
    await prosper(world, story, plan);
  }
  await expectEnd(world, watch, operators);
}

/** The life of a machine that is made, changed and deleted, whatever goes wrong on the way. */
async function prosper(world: FaultWorld, from: Origin, { faults, pace, operators = 1 }: LifePlan): Promise<void> {
  const killedLast = [...faults.values()].includes('workerKilledLast');
  if (pace === 'never') await world.pass(60_000);
  else {
    await expectReady(world, 'was made');
    if (from === 'iso') expectNothingWritten(world);
    change(world);
    await expectReady(world, 'was changed');
    // Killed at its last step, a worker has failed, and its machine is whole.
    expectTimes(world, { ...(!killedLast && { [makings[from]]: 1 }), qmstart: 1 });
  }
  await remove(world);
  await expectThat(world, () => world.machine(web1.name) === undefined, 'is gone');
  // What is made from an image has disks of their size from the start.
  const resize = from === 'iso' ? 1 : 2;
  if (pace !== 'never' && operators === 1)
    expectNoCallTwice(world, { [makings[from]]: 1, resize, qmstart: 1, qmstop: 1, qmdestroy: 1 });
  await sweepUp(world);
}

/** A machine that was made at once is started as it is. */
function expectNothingWritten({ counter }: FaultWorld): void {
  const write = counter.calls.find(call => /^proxmox PUT \/nodes\//.test(call));
  if (write) throw new Violation(`I10: a machine that was made with everything is written to: ${write}`);
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

/** What takes its time in a run. */
const making = ['copy', 'qmcreate', 'join', 'resize', 'free'] as const;
const steps = [...making, 'qmstart', 'qmstop', 'qmreset', 'snapshot', 'rollback'] as const;

/** How long each kind of work takes at a pace. */
export function durationsOf(pace: Pace): Partial<Durations> {
  if (pace === 'never') return { copy: { ms: 1e12 }, qmcreate: { ms: 1e12 } };
  const ms = pace * 1000;
  return Object.fromEntries(steps.map(kind => [kind, { ms }]));
}

/** A small generator (mulberry32): the same seed gives the same run. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
