import { expect, test } from 'vitest';
import { type VirtualMachine, type VmQuota, virtualMachines, vmQuotas } from '#api/kinds.ts';
import { expectReady, web1 } from './expectations.ts';
import type { FaultPlan } from './fault.ts';
import { FaultWorld } from './fault-world.ts';
import { durationsOf } from './life.ts';
import { askForSnapshot, snapshotOf } from './snapshot-life.ts';

/** A world with a machine, in which one call goes wrong. */
async function worldWith(plan: FaultPlan): Promise<FaultWorld> {
  const watch = { lagMs: 0, twice: 0, missing: 0 };
  const world = new FaultWorld({ plan, durations: durationsOf(8), random: () => 0.5, watch });
  await world.begin();
  await world.create(web1.name);
  await expectReady(world, 'was made');
  return world;
}

const inProxmox = (world: FaultWorld) => world.simulator.state.vms[world.machine(web1.name)?.status?.vmid ?? 0]?.config;

const readyOf = (world: FaultWorld) =>
  snapshotOf(world, 'first')?.status?.conditions?.find(({ type }) => type === 'Ready');

test('F136: while a backup has the machine locked a snapshot says so, once, and is taken after it', async () => {
  const world = await worldWith(new Map());
  const config = inProxmox(world)?.current;
  Object.assign(config ?? {}, { lock: 'backup' });
  // Not ready either, so that two have something to say of the snapshot.
  const description = 'changed while it is locked';
  world.kubernetes.edit<VirtualMachine>(virtualMachines, web1, { description });
  await askForSnapshot(world, 'first');
  expect(await world.until(() => readyOf(world)?.reason === 'LockedByTask', 60_000)).toBe(true);
  expect(readyOf(world)?.message).toBe('Proxmox has locked the machine (backup).');
  const before = world.kubernetes.version;
  await world.pass(60_000);
  expect(world.kubernetes.version - before).toBeLessThanOrEqual(2);
  delete config?.lock;
  expect(await world.until(() => readyOf(world)?.status === 'True', 60_000)).toBe(true);
  world.end();
});

test('F62, F154: what a worker left that was killed is told, cleared up once it is unlocked, and the snapshot is taken', async () => {
  const calm = await worldWith(new Map());
  await askForSnapshot(calm, 'first');
  expect(await calm.until(() => readyOf(calm)?.status === 'True', 60_000)).toBe(true);
  calm.end();
  const call = calm.counter.calls.findIndex(made => /^proxmox POST .*\/snapshot$/.test(made));
  const world = await worldWith(new Map([[call, 'workerKilled']]));
  await askForSnapshot(world, 'first');
  expect(await world.until(() => readyOf(world)?.reason === 'StuckLock', 120_000)).toBe(true);
  expect(readyOf(world)?.message).toMatch(/left the lock "snapshot"\. Run on n\d: qm unlock 1001$/);
  delete inProxmox(world)?.current.lock;
  expect(await world.until(() => readyOf(world)?.status === 'True', 120_000)).toBe(true);
  expect(Object.keys(inProxmox(world)?.snapshots ?? {})).toHaveLength(1);
  world.end();
});

test('F62: a snapshot is removed when its time is over', async () => {
  const world = await worldWith(new Map());
  await askForSnapshot(world, 'first', { ttlSeconds: 3600 });
  expect(await world.until(() => readyOf(world)?.status === 'True', 60_000)).toBe(true);
  await world.pass(3_500_000);
  expect(Object.keys(inProxmox(world)?.snapshots ?? {})).toHaveLength(1);
  expect(await world.until(() => snapshotOf(world, 'first') === undefined, 200_000)).toBe(true);
  expect(inProxmox(world)?.snapshots).toEqual({});
  world.end();
});

test('F100: the ledger is rid of a snapshot that was never made, and a quota that is new counts those that are there', async () => {
  const world = await worldWith(new Map());
  await askForSnapshot(world, 'first');
  expect(await world.until(() => readyOf(world)?.status === 'True', 60_000)).toBe(true);
  const quota = () => world.kubernetes.peek<VmQuota>(vmQuotas, { namespace: 'team-a', name: 'default' });
  const names = () => quota()?.status?.snapshots?.map(line => line.split(' ')[0]);
  const put = (status: VmQuota['status']) =>
    world.kubernetes.client().replaceStatus<VmQuota>(vmQuotas, { ...(quota() as VmQuota), status });
  const { snapshots = [], ...others } = quota()?.status ?? {};
  await put({ ...others, snapshots: [...snapshots, 'snapshot/ghost u-1 Reserved@0 of=web-1'] });
  expect(names()).toEqual(['snapshot/first', 'snapshot/ghost']);
  expect(await world.until(() => names()?.length === 1, 300_000)).toBe(true);
  await put({});
  expect(await world.until(() => names()?.join() === 'snapshot/first', 60_000)).toBe(true);
  expect(quota()?.status?.used?.snapshots).toBe(1);
  world.end();
});
