import { beforeAll, expect, test } from 'vitest';
import { type ProxmoxCluster, proxmoxClusters, type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import { toMiB } from '#api/quantity.ts';
import type { ClaimRequest } from '#operator/core/allocation.ts';
import { cluster, virtualMachine } from '#operator/core/testing/fixtures.ts';
import { Allocator, type AllocatorSources } from '#operator/effects/allocator.ts';
import { nodeCapacities } from '#operator/effects/node-capacity.ts';
import { freshNamespace } from '../control-plane/shared.ts';
import { type Installed, installed } from './installed.ts';

let world: Installed;
let namespace: string;

beforeAll(async () => {
  world = await installed();
  namespace = await freshNamespace(world.controlPlane, 'growth');
});

const maxCPU = 4;
const clusterName = 'growth';
const list = async () => (await world.kube.list<VirtualMachine>(virtualMachines, { namespace })).items;

const unknown = { uptimeSeconds: undefined, cpuLoad: undefined, cpus: undefined, usedMemoryBytes: undefined };

const inventory = {
  vms: [],
  storages: [],
  nodes: [{ name: 'n1', online: true, memoryBytes: 2 ** 40 }].map(node => ({ ...node, ...unknown })),
};

/** A machine of one CPU that stands on the node. */
async function standing(name: string, vmid: number): Promise<VirtualMachine> {
  const vm = await world.kube.create<VirtualMachine>(virtualMachines, {
    metadata: { namespace, name },
    spec: { ...virtualMachine().spec, resources: { cpu: 1, memory: '1Gi' } },
  });
  const status = { cluster: clusterName, node: 'n1', vmid, createdAt: '2026-01-01T00:00:00Z' };
  return world.kube.replaceStatus(virtualMachines, { ...vm, status });
}

const resize = ({ metadata: { name } }: VirtualMachine, cpu: number): Promise<VirtualMachine> =>
  world.kube.patch(virtualMachines, { namespace, name }, { spec: { resources: { cpu } } });

const toGrow = ({ metadata, spec, status }: VirtualMachine): ClaimRequest => ({
  uid: metadata.uid ?? '',
  namespace,
  name: metadata.name,
  demand: {
    cpu: spec.resources.cpu,
    memoryMiB: toMiB(spec.resources.memory),
    candidates: ['n1'],
    grows: { cpu: true, memory: false },
  },
  growth: { node: 'n1', vmid: status?.vmid ?? 0, generation: metadata.generation },
});

const toCome = (name: string, cpu: number): ClaimRequest => ({
  uid: name,
  namespace,
  name,
  demand: { cpu, memoryMiB: 512, candidates: ['n1'] },
});

/** An operator whose watch has seen `seen`; `machines` is what it reads when it decides. */
function operator(seen: VirtualMachine[], machines: AllocatorSources['machines'] = list): Allocator {
  return new Allocator(clusterName, {
    kube: world.kube,
    takenVmids: () => new Set(seen.map(({ status }) => status?.vmid ?? 0)),
    nodes: (inFlight, live = seen) => nodeCapacities(inventory, live, inFlight),
    machines,
    now: Date.now,
  });
}

beforeAll(async () => {
  const { spec } = cluster({ default: 'Disabled', nodes: [{ name: 'n1', maxCPU }] });
  await world.kube.create<ProxmoxCluster>(proxmoxClusters, { metadata: { name: clusterName }, spec });
  return () => world.kube.remove(proxmoxClusters, { name: clusterName });
});

/** How many were granted what they asked for. */
const granted = (answers: object[]) => answers.filter(answer => 'vmid' in answer).length;

async function afterwards(allocator: Allocator, machines: VirtualMachine[], others: string[] = []): Promise<void> {
  await Promise.all(machines.map(vm => resize(vm, 1)));
  allocator.release([...machines.map(({ metadata }) => metadata.uid ?? ''), ...others]);
  await allocator.flush();
}

test('F105: two operators whose watches lag never let two machines grow above the cap of their node together', async () => {
  const [one, two] = [await standing('one', 1000), await standing('two', 1001)];
  const seen = await list();
  const [first, second] = [operator(seen), operator(seen)];
  for (let round = 0; round < 20; round++) {
    const grow = async (allocator: Allocator, vm: VirtualMachine) => allocator.claim(toGrow(await resize(vm, 3)));
    const answers = await Promise.all([grow(first, one), grow(second, two)]);
    expect(granted(answers), `round ${round}`).toBeLessThanOrEqual(1);
    const refused = answers.find(answer => 'reason' in answer);
    expect(refused).toMatchObject({
      reason: 'NodeCapReached',
      message: expect.stringContaining('6 CPUs would be above'),
    });
    await afterwards(first, [one, two]);
  }
});

test('F105: nor one grow while another one is placed beside it', async () => {
  const seen = await list();
  const [one] = seen.filter(({ metadata }) => metadata.name === 'one');
  if (!one) throw new Error('one is missing');
  const [first, second] = [operator(seen), operator(seen)];
  for (let round = 0; round < 20; round++) {
    const grow = async () => first.claim(toGrow(await resize(one, 3)));
    const answers = await Promise.all([grow(), second.claim(toCome(`new-${round}`, 1))]);
    expect(granted(answers), `round ${round}`).toBe(1);
    await afterwards(first, [one], [`new-${round}`]);
  }
});

test('F105: one that decides on what its watch has told would let both', async () => {
  const seen = await list();
  const [one, two] = seen;
  if (!one || !two) throw new Error('the machines are missing');
  const grown = [await resize(one, 3), await resize(two, 3)] as const;
  const withOwn = (own: VirtualMachine) => async () =>
    seen.map(vm => (vm.metadata.uid === own.metadata.uid ? own : vm));
  // Each releases at once, as if the claim had been seen to be done: what is left to tell of it is the spec.
  const answers = [];
  for (const own of grown) {
    const allocator = operator(seen, withOwn(own));
    answers.push(await allocator.claim(toGrow(own)));
    allocator.release([own.metadata.uid ?? '']);
    await allocator.flush();
  }
  expect(granted(answers)).toBe(2);
  await afterwards(operator(seen), [one, two]);
});

test('F105: what a machine still has is not free, though it asks for less and the watch says that it was restarted', async () => {
  const [one, two] = await list();
  if (!one || !two) throw new Error('the machines are missing');
  const shrunk = await world.kube.replaceStatus<VirtualMachine>(virtualMachines, {
    ...one,
    status: { ...one.status, allocation: { cpu: 3, memoryMiB: 1024 } },
  });
  const allocator = operator([one, two]);
  const grown = await resize(two, 3);
  expect(await allocator.claim(toGrow(grown))).toMatchObject({
    reason: 'NodeCapReached',
    message: expect.stringContaining('6 CPUs would be above'),
  });
  expect(await allocator.claim(toCome('new', 1))).toMatchObject({ reason: 'NodeCapReached' });
  const restarted = { ...shrunk.status, allocation: { cpu: 1, memoryMiB: 1024 } };
  await world.kube.replaceStatus(virtualMachines, { ...shrunk, status: restarted });
  expect(await allocator.claim(toGrow(grown))).toMatchObject({ cpu: 3 });
  await afterwards(allocator, [two]);
});

test('F105: a growth of a spec that was changed meanwhile is decided anew', async () => {
  const [one] = await list();
  if (!one) throw new Error('one is missing');
  const grown = await resize(one, 2);
  await resize(one, 3);
  expect(await operator([]).claim(toGrow(grown))).toMatchObject({ reason: 'Outdated' });
});
