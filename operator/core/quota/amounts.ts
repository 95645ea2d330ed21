import type { Allocation } from '#api/ledger.ts';
import { toMiB } from '#api/quantity.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import { largerStorages, onStorages, sameStorages } from './storages.ts';

/** What is counted, in the order in which it is told. */
export const dimensions = [
  'vms',
  'cpu',
  'memoryMiB',
  'storageMiB',
  'networks',
  'snapshots',
  'runningVMs',
  'runningCPU',
  'runningMemoryMiB',
] as const;

/** One thing that is counted. */
export type Dimension = (typeof dimensions)[number];

/** An amount of each thing that is counted. */
export type Amounts = Record<Dimension, number>;

/** What a machine takes: an entry of the ledger but for whose it is. */
export type Charge = Omit<Allocation, 'name' | 'uid' | 'state' | 'generation'>;

/** Nothing at all. */
export const nothing: Amounts = Object.fromEntries(dimensions.map(dimension => [dimension, 0])) as Amounts;

/** What a machine takes by its spec alone. Network cards that it only has from its template are not counted. */
export function demandOf(spec: VirtualMachineSpec): Charge {
  return {
    ...(spec.owner !== undefined && { owner: spec.owner }),
    // An adopted machine has none, and no VmTemplate has this name.
    template: spec.source.template?.name ?? '',
    running: spec.powerState !== 'Stopped',
    cpu: spec.resources.cpu,
    memoryMiB: toMiB(spec.resources.memory),
    storageMiB: spec.disks.reduce((sum, { size }) => sum + toMiB(size), 0),
    networks: spec.networks?.length ?? 0,
    ...onStorages(spec),
  };
}

/** A charge in every dimension. */
export function amountsOf({ running, cpu, memoryMiB, storageMiB, networks, snapshotOf }: Charge): Amounts {
  if (snapshotOf !== undefined) return { ...nothing, snapshots: 1 };
  return {
    vms: 1,
    cpu,
    memoryMiB,
    storageMiB,
    networks,
    snapshots: 0,
    runningVMs: running ? 1 : 0,
    runningCPU: running ? cpu : 0,
    runningMemoryMiB: running ? memoryMiB : 0,
  };
}

/** The larger of two charges in each dimension; whose it is, is `next`'s to say. */
export function larger(before: Charge, next: Charge): Charge {
  return {
    ...next,
    running: before.running || next.running,
    cpu: Math.max(before.cpu, next.cpu),
    memoryMiB: Math.max(before.memoryMiB, next.memoryMiB),
    storageMiB: Math.max(before.storageMiB, next.storageMiB),
    networks: Math.max(before.networks, next.networks),
    ...largerStorages(before, next),
  };
}

/** Whether a charge covers another: the same owner and template, and nothing smaller. */
export const covers = (held: Charge, wanted: Charge): boolean =>
  held.owner === wanted.owner && held.template === wanted.template && sameSize(larger(held, wanted), held);

/** Whether two charges are of the same size. */
export const sameSize = (a: Charge, b: Charge): boolean =>
  a.running === b.running &&
  a.cpu === b.cpu &&
  a.memoryMiB === b.memoryMiB &&
  a.storageMiB === b.storageMiB &&
  a.networks === b.networks &&
  sameStorages(a, b);

/** What some charges take together. */
export function sumOf(charges: readonly Charge[]): Amounts {
  const sum = { ...nothing };
  for (const charge of charges) {
    if (charge.snapshotOf !== undefined) {
      sum.snapshots += 1;
      continue;
    }
    sum.vms += 1;
    sum.cpu += charge.cpu;
    sum.memoryMiB += charge.memoryMiB;
    sum.storageMiB += charge.storageMiB;
    sum.networks += charge.networks;
    if (!charge.running) continue;
    sum.runningVMs += 1;
    sum.runningCPU += charge.cpu;
    sum.runningMemoryMiB += charge.memoryMiB;
  }
  return sum;
}
