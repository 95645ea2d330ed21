import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type ProxmoxCluster, proxmoxClusters, virtualMachines } from '#api/kinds.ts';
import type { ProxmoxClusterSpec } from '#api/proxmox-cluster.ts';
import { conditionOf, type MachineLab, machineLab } from './machine-lab.ts';

let lab: MachineLab;

const node = 'pve1';
const capped = { name: node, maxCPU: 6 };

const setNodes = (...nodes: ProxmoxClusterSpec['nodes']): Promise<ProxmoxCluster> =>
  lab.kube.patch<ProxmoxCluster>(proxmoxClusters, { name: 'lab' }, { spec: { nodes } });

const withCpus = (cpu: number) => ({ resources: { cpu, memory: '512Mi' } });

/** Makes machines of so many CPUs. */
async function make(sizes: Record<string, number>): Promise<void> {
  for (const [name, cpu] of Object.entries(sizes)) await lab.create(name, withCpus(cpu));
  for (const name of Object.keys(sizes)) await lab.ready(name);
}

/** Waits until a machine may not grow, and answers the sentence. */
async function refusal(name: string): Promise<string | undefined> {
  const refused = await lab.until(name, vm => conditionOf(vm, 'Ready')?.reason === 'NodeCapReached');
  expect(lab.inProxmox(refused).config.pending).not.toHaveProperty('cores');
  return conditionOf(refused, 'ConfigSynced')?.message;
}

const above = (cpus: number) => `spec.resources: on node ${node} ${cpus} CPUs would be above the limit of 6.`;

/** Waits until a machine is to have so many CPUs from its next start on. */
async function grown(name: string, cpu: number): Promise<void> {
  const vm = await lab.until(name, ({ status }) => status?.restartRequiredFor !== undefined);
  expect(lab.inProxmox(vm).config.pending).toMatchObject({ cores: String(cpu) });
}

beforeAll(async () => {
  lab = await machineLab();
  await setNodes(capped);
});

afterEach(() => lab.kubectl('delete', 'virtualmachines.berth.dev', '-n', lab.namespace, '--all', '--timeout=60s'));

afterAll(() => lab.close());

test("F105: what a machine still has until its restart is nobody else's to grow into", async () => {
  await make({ shrinking: 4, growing: 1 });
  await lab.change('shrinking', { resources: { cpu: 1 } });
  await lab.change('growing', { resources: { cpu: 5 } });
  expect(await refusal('growing')).toBe(above(9));
  const shrunk = await lab.until('shrinking', vm => vm.status?.restartRequiredFor !== undefined);
  expect(shrunk.status?.allocation).toEqual({ cpu: 4, memoryMiB: 512 });

  await lab.booted('shrinking');
  await lab.operate('restart', 'shrinking', { type: 'Restart' });
  await grown('growing', 5);
  expect((await lab.read('shrinking')).status?.allocation).toEqual({ cpu: 1, memoryMiB: 512 });
});

test('F105: nor is what one has that is being deleted, until it is gone', async () => {
  await make({ leaving: 4, staying: 1 });
  const leaving = lab.inProxmox(await lab.read('leaving')).config.current;
  leaving.lock = 'backup';
  await lab.kube.remove(virtualMachines, { namespace: lab.namespace, name: 'leaving' });
  await lab.change('staying', { resources: { cpu: 5 } });
  expect(await refusal('staying')).toBe(above(9));
  delete leaving.lock;
  await grown('staying', 5);
});

test('F105: one that somebody has migrated to the node counts there', async () => {
  await make({ resident: 1 });
  await setNodes({ ...capped, schedulable: 'Disabled' }, { name: 'pve2' });
  await make({ visitor: 4 });
  lab.inProxmox(await lab.read('visitor')).node = node;
  await lab.until('visitor', ({ status }) => status?.node === node);
  await lab.change('resident', { resources: { cpu: 3 } });
  expect(await refusal('resident')).toBe(above(7));
});
