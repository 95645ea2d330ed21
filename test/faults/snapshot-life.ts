import { type VmOperation, type VmSnapshot, virtualMachines, vmOperations, vmSnapshots } from '#api/kinds.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import type { FaultPlan } from './fault.ts';
import { FaultWorld, type WatchMood } from './fault-world.ts';
import { Violation } from './invariants.ts';
import { randomFrom } from './life.ts';

/** A run in which snapshots of a machine are taken, gone back to and removed. */
export interface SnapshotPlan {
  faults: FaultPlan;
  /** Seconds that each step of the work takes. */
  seconds: number;
  watch?: WatchMood;
  operators?: number;
}

/** What became of it. */
export interface SnapshotResult {
  /** Every call that was made, in order. */
  calls: string[];
  /** Those from when the first snapshot was asked for until the last one was gone. */
  span: { from: number; to: number };
  violation?: string;
}

/** Longest that any phase may take, in virtual time. */
const patienceMs = 30 * 60_000;

/** How long nothing may happen at the end. */
const restMs = 120_000;

const prompt: WatchMood = { lagMs: 0, twice: 0, missing: 0 };
const machineKey = { namespace: 'team-a', name: 'web-1' };
const byHand = 'by-hand';

/** Every step of the work takes so many seconds. */
export function snapshotDurations(seconds: number) {
  const ms = seconds * 1000;
  return { copy: { ms }, resize: { ms }, qmstart: { ms }, qmstop: { ms }, snapshot: { ms }, rollback: { ms } };
}

/** Takes a snapshot, changes the machine, goes back, removes the snapshot, and lets another one go with the machine. */
export async function liveWithSnapshots(plan: SnapshotPlan): Promise<SnapshotResult> {
  const durations = snapshotDurations(plan.seconds);
  const { watch = prompt, operators = 1 } = plan;
  const world = new FaultWorld({ plan: plan.faults, durations, random: randomFrom(7), watch, operators });
  const span = { from: 0, to: 0 };
  let violation: string | undefined;
  try {
    await world.begin();
    await world.create('web-1');
    await expectReady(world);
    takeByHand(world);
    span.from = world.counter.calls.length;
    await liveOn(world, operators);
    span.to = world.counter.calls.length;
    await expectRest(world);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error.message;
  }
  world.end();
  return { calls: world.counter.calls, span, ...(violation !== undefined && { violation }) };
}

async function liveOn(world: FaultWorld, operators: number): Promise<void> {
  await take(world, 'first');
  const larger = { resources: { cpu: 4, memory: '1Gi' }, disks: [{ name: 'root', size: '6Gi' }] };
  world.kubernetes.edit<{ metadata: { name: string }; spec: VirtualMachineSpec }>(virtualMachines, machineKey, larger);
  await expectReady(world);
  await rollBack(world, 'first');
  await expectReady(world);
  expectOnce(world, { qmrollback: 1, qmsnapshot: 1 });
  // One of two may still take for true what it has read before the other one's rollback.
  if (operators > 1) await expectThat(world, () => misconfigured(world) === undefined, 'it is as its resource says');
  const wrong = misconfigured(world);
  if (wrong) throw new Violation(`S1: after the rollback it is ${wrong}`);
  await world.kubernetes.client().remove(vmSnapshots, { namespace: 'team-a', name: 'first' });
  await expectThat(world, () => snapshotOf(world, 'first') === undefined, 'the first snapshot is gone');
  if (names(world).join() !== byHand) throw new Violation(`S3: Proxmox has the snapshots ${names(world)}`);
  await take(world, 'second');
  await world.kubernetes.client().remove(virtualMachines, machineKey);
  // What the garbage collector of Kubernetes does, be it early.
  await world.kubernetes.client().remove(vmSnapshots, { namespace: 'team-a', name: 'second' });
  const isGone = () => world.machine('web-1') === undefined && snapshotOf(world, 'second') === undefined;
  await expectThat(world, isGone, 'the machine is gone with its snapshot');
  await expectThat(world, () => world.invariants.leaks().length === 0, 'nothing is left in Proxmox or the ledger');
}

/** What a person does who wants a snapshot. */
export const askForSnapshot = (
  world: FaultWorld,
  name: string,
  spec: Partial<VmSnapshot['spec']> = {},
): Promise<VmSnapshot> =>
  world.kubernetes.client().create<VmSnapshot>(vmSnapshots, {
    metadata: { name, namespace: 'team-a', creationTimestamp: new Date(world.clock.now()).toISOString() },
    spec: { vmName: 'web-1', memory: 'Exclude', ...spec },
  });

async function take(world: FaultWorld, name: string): Promise<void> {
  await askForSnapshot(world, name, { memory: name === 'second' ? 'Include' : 'Exclude' });
  await expectThat(
    world,
    () => snapshotOf(world, name)?.status?.createdAt !== undefined,
    `the ${name} snapshot is taken`,
  );
}

async function rollBack(world: FaultWorld, snapshotName: string): Promise<void> {
  const key = { name: 'back', namespace: 'team-a' };
  await world.kubernetes.client().create<VmOperation>(vmOperations, {
    metadata: { ...key, creationTimestamp: new Date(world.clock.now()).toISOString() },
    spec: {
      vmName: 'web-1',
      requester: 'alice',
      type: 'Rollback',
      rollback: { snapshotName },
      deadlineSeconds: 86_400,
      ttlSecondsAfterFinished: 604_800,
    },
  });
  const operation = () => world.kubernetes.peek<VmOperation>(vmOperations, key);
  const ended = (type: string) =>
    operation()?.status?.conditions?.find(condition => condition.type === type && condition.status === 'True');
  await expectThat(world, () => Boolean(ended('Complete') ?? ended('Failed')), 'the rollback has ended');
  const failure = ended('Failed');
  if (failure) throw new Violation(`I5: the rollback failed: ${failure.message}`);
}

/** A snapshot as it stands. */
export const snapshotOf = (world: FaultWorld, name: string): VmSnapshot | undefined =>
  world.kubernetes.peek<VmSnapshot>(vmSnapshots, { namespace: 'team-a', name });

const inProxmox = (world: FaultWorld) => world.simulator.state.vms[world.machine('web-1')?.status?.vmid ?? 0];

const names = (world: FaultWorld): string[] => Object.keys(inProxmox(world)?.config.snapshots ?? {});

/** A person has taken a snapshot of the machine in Proxmox: it is none of our business. */
function takeByHand(world: FaultWorld): void {
  const config = inProxmox(world)?.config;
  if (config) config.snapshots[byHand] = { ...config.current, snaptime: '1' };
}

/** I6: whatever happened, each of these succeeded as often as it was asked for. */
function expectOnce(world: FaultWorld, times: Record<string, number>): void {
  for (const [type, wanted] of Object.entries(times)) {
    const done = Object.values(world.simulator.state.tasks).filter(
      task => task.type === type && task.exitstatus === 'OK',
    );
    if (done.length !== wanted) throw new Violation(`I6: ${done.length} tasks ${type} succeeded`);
  }
}

/** What came back with the snapshot was put right, and the machine is still this resource's. */
function misconfigured(world: FaultWorld): string | undefined {
  const { current, pending } = inProxmox(world)?.config ?? {};
  const { cores, protection, description = '' } = { ...current, ...pending };
  const uid = world.machine('web-1')?.metadata.uid ?? '?';
  const is = { cores: Number(cores), protection: Number(protection), marked: description.includes(`uid=${uid}`) };
  return is.cores === 4 && is.protection === 1 && is.marked ? undefined : JSON.stringify(is);
}

async function expectThat(world: FaultWorld, holds: () => boolean, what: string): Promise<void> {
  if (await world.until(holds, patienceMs)) return;
  const say = (one?: { status?: { conditions?: { type: string; message: string }[] | undefined } }) =>
    one?.status?.conditions?.find(({ type }) => type === 'Ready')?.message;
  const told = [world.machine('web-1'), snapshotOf(world, 'first'), snapshotOf(world, 'second')].map(say);
  throw new Violation(`I5: never: ${what}; machine and snapshots say: ${told.join(' | ')}`);
}

const expectReady = (world: FaultWorld): Promise<void> =>
  expectThat(
    world,
    () => {
      const vm = world.machine('web-1');
      const ready = vm?.status?.conditions?.find(({ type }) => type === 'Ready');
      const isAsDesired = ready?.status === 'True' && ready.observedGeneration === vm?.metadata.generation;
      return isAsDesired && vm?.status?.task === undefined;
    },
    'the machine is ready',
  );

async function expectRest(world: FaultWorld): Promise<void> {
  world.counter.calm();
  await world.pass(60_000);
  const { calls } = world.counter;
  const [before, writes] = [calls.length, world.kubernetes.version];
  await world.pass(restMs);
  const changes = calls.slice(before).filter(call => /^proxmox (POST|PUT|DELETE)/.test(call));
  if (changes.length > 0 || world.kubernetes.version !== writes) throw new Violation('I5: at rest it writes');
}
