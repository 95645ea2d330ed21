import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ProxmoxCluster, proxmoxClusters } from '#api/kinds.ts';
import { conditionOf, type MachineLab, machineLab } from './machine-lab.ts';

let lab: MachineLab;

const node = 'pve1';

/** Keeps the only node that takes machines to so many CPUs. */
const cap = (maxCPU: number): Promise<ProxmoxCluster> =>
  lab.kube.patch<ProxmoxCluster>(proxmoxClusters, { name: 'lab' }, { spec: { nodes: [{ name: node, maxCPU }] } });

beforeAll(async () => {
  lab = await machineLab();
  await cap(6);
});

afterAll(() => lab.close());

test("F105: what a machine still has until its restart is nobody else's to grow into", async () => {
  const size = (cpu: number) => ({ resources: { cpu, memory: '512Mi' } });
  await lab.create('shrinking', size(4));
  await lab.create('growing', size(1));
  await lab.ready('shrinking');
  await lab.ready('growing');

  await lab.change('shrinking', { resources: { cpu: 1 } });
  await lab.change('growing', { resources: { cpu: 5 } });
  const refused = await lab.until('growing', vm => conditionOf(vm, 'Ready')?.reason === 'NodeCapReached');
  expect(conditionOf(refused, 'ConfigSynced')?.message).toBe(
    `spec.resources: on node ${node} 9 CPUs would be above the limit of 6.`,
  );
  const shrunk = await lab.until('shrinking', vm => vm.status?.restartRequiredFor !== undefined);
  expect(shrunk.status?.allocation).toEqual({ cpu: 4, memoryMiB: 512 });
  expect(lab.inProxmox(refused).config.current.cores).toBe('1');

  await lab.booted('shrinking');
  await lab.operate('restart', 'shrinking', { type: 'Restart' });
  const grown = await lab.until('growing', vm => vm.status?.restartRequiredFor !== undefined);
  expect(lab.inProxmox(grown).config.pending).toMatchObject({ cores: '5' });
  expect((await lab.read('shrinking')).status?.allocation).toEqual({ cpu: 1, memoryMiB: 512 });
});
