import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ProxmoxCluster, proxmoxClusters } from '#api/kinds.ts';
import { cluster } from '#operator/core/testing/fixtures.ts';
import { Allocator, type AllocatorSources } from '#operator/effects/allocator.ts';
import { type Installed, installed } from './installed.ts';

let world: Installed;

beforeAll(async () => {
  world = await installed();
});

// Each operator of the files that come would try to reach them.
afterAll(() => Promise.all(names.map(name => world.kube.remove(proxmoxClusters, { name }))));

const names = ['claims-race', 'claims-again', 'claims-release'] as const;

const nodes = ['n1', 'n2'].map(name => ({
  name,
  online: true,
  memoryMiB: 1_000_000,
  takenMemoryMiB: 0,
  berth: { vms: 0, cpu: 0, memoryMiB: 0 },
}));

const request = (uid: string) => ({
  uid,
  namespace: 'team-a',
  name: uid,
  demand: { cpu: 1, memoryMiB: 512, candidates: ['n1', 'n2'] },
});

async function allocators(name: (typeof names)[number], count: number): Promise<Allocator[]> {
  const { kube } = world;
  await kube.create<ProxmoxCluster>(proxmoxClusters, {
    metadata: { name },
    spec: { ...cluster().spec, default: 'Disabled' },
  });
  const sources: AllocatorSources = {
    kube,
    takenVmids: () => new Set(),
    nodes: () => nodes,
    machines: async () => [],
    now: Date.now,
  };
  return Array.from({ length: count }, () => new Allocator(name, sources));
}

const inFlight = async (name: string) =>
  (await world.kube.get<ProxmoxCluster>(proxmoxClusters, { name })).status?.inFlight ?? [];

test('F27: three operators that claim at once never give out a VMID twice', async () => {
  const [first, second, third] = await allocators('claims-race', 3);
  const claims = await Promise.all(
    [first, second, third].flatMap((allocator, index) =>
      Array.from({ length: 20 }, (_, turn) => allocator?.claim(request(`m-${index}-${turn}`))),
    ),
  );
  const vmids = claims.map(claim => (claim && 'vmid' in claim ? claim.vmid : claim?.message));
  expect(new Set(vmids).size).toBe(60);
  expect((await inFlight('claims-race')).map(({ vmid }) => vmid).sort()).toEqual(vmids.sort());
});

test('F154: an operator that asks for the same machine gets the same claim', async () => {
  const [first, second] = await allocators('claims-again', 2);
  const before = await first?.claim(request('m-1'));
  expect(await second?.claim(request('m-1'))).toEqual(before);
  expect(await inFlight('claims-again')).toHaveLength(1);
});

test('a released claim leaves with the next write', async () => {
  const [allocator] = await allocators('claims-release', 1);
  await allocator?.claim(request('m-1'));
  allocator?.release(['m-1']);
  await allocator?.claim(request('m-2'));
  expect((await inFlight('claims-release')).map(({ uid }) => uid)).toEqual(['m-2']);
  allocator?.release(['m-2']);
  await allocator?.flush();
  expect(await inFlight('claims-release')).toEqual([]);
});
