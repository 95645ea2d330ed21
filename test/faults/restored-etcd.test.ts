import { beforeEach, expect, test } from 'vitest';
import { type ProxmoxCluster, proxmoxClusters, virtualMachines } from '#api/kinds.ts';
import { formatMarker } from '#operator/core/marker.ts';
import { releaseAnnotation } from '#operator/effects/destroy-brake.ts';
import { FaultWorld } from './fault-world.ts';

const limits = { vms: 20, cpu: 80, memoryMiB: 20 * 1024, storageMiB: 200 * 1024, snapshots: 0 };
const durations = { copy: { ms: 1_000 } };

let world: FaultWorld;

beforeEach(async () => {
  const watch = { lagMs: 0, twice: 0, missing: 0 };
  world = new FaultWorld({ plan: new Map(), durations, random: () => 0.5, watch, limits });
  await world.begin();
});

const condition = (name: string, type: string) =>
  world.machine(name)?.status?.conditions?.find(candidate => candidate.type === type && candidate.status === 'True');

const alarm = (type: string) =>
  world.kubernetes
    .peek<ProxmoxCluster>(proxmoxClusters, { name: 'lab' })
    ?.status?.conditions?.find(candidate => candidate.type === type);

async function make(...names: string[]): Promise<void> {
  for (const name of names) await world.create(name);
  const ready = () => names.every(name => condition(name, 'Ready') !== undefined);
  expect(await world.until(ready, 600_000)).toBe(true);
}

const destroys = () => world.counter.calls.filter(call => /^proxmox DELETE .*\/qemu\/\d+$/.test(call)).length;

test('F14, F154: after etcd was restored from an older snapshot what was made since is reported, and nothing is destroyed', async () => {
  await make('old');
  const snapshot = world.kubernetes.snapshot();
  const since = ['new-1', 'new-2', 'new-3', 'new-4', 'new-5', 'new-6'];
  await make(...since);
  const vmids = since.map(name => world.machine(name)?.status?.vmid ?? 0);
  await world.kubernetes.client().remove(virtualMachines, { namespace: 'team-a', name: 'old' });
  expect(await world.until(() => world.machine('old') === undefined, 600_000)).toBe(true);
  const before = destroys();

  await world.restore(snapshot);
  await world.pass(1_800_000);
  expect(destroys()).toBe(before);
  for (const vmid of vmids) expect(world.simulator.state.vms[vmid]?.run?.status).toBe('running');
  expect(alarm('OrphansFound')).toMatchObject({ status: 'True', reason: 'NoResource' });
  for (const [index, name] of since.entries())
    expect(alarm('OrphansFound')?.message).toContain(`${vmids[index]} (team-a/${name})`);
  expect(condition('old', 'Missing')).toBeDefined();

  // Declared again, it is told of the machine that is there, and none is made beside it.
  await world.create('new-1');
  expect(await world.until(() => condition('new-1', 'Stalled') !== undefined, 120_000)).toBe(true);
  expect(condition('new-1', 'Stalled')).toMatchObject({ reason: 'OrphanExists' });
  await world.kubernetes.client().remove(virtualMachines, { namespace: 'team-a', name: 'old' });
  expect(await world.until(() => world.machine('old') === undefined, 600_000)).toBe(true);
  expect(destroys()).toBe(before);
  world.end();
});

test.each([
  ['that was ready', 'Ready'],
  ['whose name Proxmox does not list yet', 'Provisioned'],
])('F14: a resource that forgot its machine with etcd, %s, gets no second one', async (_, type) => {
  await world.create('web-1');
  await world.until(() => world.machine('web-1') !== undefined, 1_000);
  const snapshot = world.kubernetes.snapshot();
  expect(await world.until(() => condition('web-1', type) !== undefined, 600_000)).toBe(true);
  await world.restore(snapshot);
  await world.pass(600_000);
  expect(condition('web-1', 'Stalled')).toMatchObject({ reason: 'OrphanExists' });
  const own = Object.values(world.simulator.state.vms).filter(({ config }) => config.current.name === 'web-1');
  expect(own.map(({ vmid }) => vmid)).toEqual([500, 1001]);
  world.end();
});

test('F14: leftovers that go by themselves stop at three in five minutes, until an administrator lets the brake go', async () => {
  const uids = ['u-1', 'u-2', 'u-3', 'u-4', 'u-5'];
  const abandoned = uids.map((uid, index) => ({
    vmid: 1050 + index,
    since: '2026-01-01T00:00:00Z',
    reason: 'stuck',
    uid,
  }));
  for (const { vmid, uid } of abandoned) {
    const description = formatMarker({ clusterId: 'k8s', namespace: 'team-a', name: uid, uid, vmid });
    const stranger = structuredClone(world.simulator.state.vms[500]);
    if (!stranger) throw new Error('the seed has no VM 500');
    delete stranger.run;
    stranger.config.current = { name: uid, description, memory: '512' };
    world.simulator.state.vms[vmid] = { ...stranger, vmid };
  }
  const client = world.kubernetes.client();
  const lab = await client.get<ProxmoxCluster>(proxmoxClusters, { name: 'lab' });
  await client.replaceStatus(proxmoxClusters, { ...lab, status: { ...lab.status, abandoned } });
  const left = () => abandoned.filter(({ vmid }) => world.simulator.state.vms[vmid] !== undefined).length;

  expect(await world.until(() => alarm('DestroyBrake')?.status === 'True', 600_000)).toBe(true);
  await world.pass(1_800_000);
  expect(left()).toBe(2);
  expect(alarm('DestroyBrake')?.message).toContain('1050, 1051, 1052');

  const released = new Date(world.clock.now()).toISOString();
  world.kubernetes.annotate(proxmoxClusters, { name: 'lab' }, { [releaseAnnotation]: released });
  expect(await world.until(() => left() === 0 && alarm('DestroyBrake') === undefined, 600_000)).toBe(true);
  world.end();
});

test("a VMID that was given up once is not swept when it is another resource's by now", async () => {
  await make('web-1');
  const vmid = world.machine('web-1')?.status?.vmid ?? 0;
  const client = world.kubernetes.client();
  const lab = await client.get<ProxmoxCluster>(proxmoxClusters, { name: 'lab' });
  const abandoned = [{ vmid, since: '2026-01-01T00:00:00Z', reason: 'stuck', uid: 'u-gone' }];
  await client.replaceStatus(proxmoxClusters, { ...lab, status: { ...lab.status, abandoned } });
  await world.pass(600_000);
  expect(world.simulator.state.vms[vmid]?.run?.status).toBe('running');
  world.end();
});
