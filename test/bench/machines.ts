import type { VirtualMachine } from '#api/kinds.ts';
import { virtualMachines } from '#api/kinds.ts';
import { namespaces } from '#kube/builtin.ts';
import type { KubeClient } from '#kube/client.ts';
import { nodes, size } from './proxmox/seed.ts';

/** Machines are made in as many namespaces, as a company would have teams. */
const namespaceCount = 10;

/** Requests at the same time: as many as the operator has workers. */
const writers = 16;

const namespaceOf = (index: number): string => `bench-${index % namespaceCount}`;

/** The machine of that index. */
export const machineOf = (index: number): VirtualMachine => ({
  metadata: { name: `vm-${index}`, namespace: namespaceOf(index) },
  spec: {
    source: { template: { name: `template-${index % nodes.length}` } },
    resources: { cpu: size.cpu, memory: `${size.memoryMiB}Mi` },
    disks: [{ name: 'root', size: `${size.diskGiB}Gi` }],
    powerState: 'Running',
    deletionPolicy: 'Delete',
  },
});

/** Makes the namespaces. */
export async function createNamespaces(kube: KubeClient): Promise<void> {
  for (let index = 0; index < namespaceCount; index++) {
    await kube.create(namespaces, { metadata: { name: namespaceOf(index) } });
  }
}

/** Makes `count` machines. */
export const createMachines = (kube: KubeClient, count: number): Promise<void> =>
  eachInParallel(count, async index => {
    await kube.create(virtualMachines, machineOf(index));
  });

/** Does something for each index below `count`, as many at a time as there are {@link writers}. */
export async function eachInParallel(count: number, act: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: writers }, work));
}

/** Long enough for a rate, short enough to be no part of the run. */
const rateMs = 3_000;

/** How many statuses of machines can be written in a second, while nothing else happens. */
export async function measureWriteRate(kube: KubeClient): Promise<number> {
  await createMachines(kube, writers);
  const endsAt = performance.now() + rateMs;
  let written = 0;
  await eachInParallel(writers, async index => {
    const { metadata } = machineOf(index);
    while (performance.now() < endsAt) {
      const status = { observedGeneration: 1, printableStatus: String(written) };
      await kube.applyStatus(virtualMachines, { metadata, status }, { fieldManager: 'bench', force: true });
      written += 1;
    }
  });
  await eachInParallel(writers, index => kube.remove(virtualMachines, machineOf(index).metadata));
  return written / (rateMs / 1000);
}
