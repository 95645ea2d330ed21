import type { VirtualMachine, VmQuota } from '#api/kinds.ts';
import { toMiB } from '#api/mebibytes.ts';

/** What people see of a quota, in this order. */
export const dimensions = ['vms', 'cpu', 'memoryMiB', 'storageMiB'] as const;

export type Dimension = (typeof dimensions)[number];

export type Amounts = Record<Dimension, number>;

/** One dimension of a quota; sizes in MiB. */
export interface Meter {
  dimension: Dimension;
  used: number;
  /** Undefined where it is not limited. */
  hard: number | undefined;
}

type Spec = VirtualMachine['spec'];

/** What a machine of this size takes. Pure. */
export const taken = (spec: Pick<Spec, 'resources' | 'disks'>): Amounts => ({
  vms: 1,
  cpu: spec.resources.cpu,
  memoryMiB: mib(spec.resources.memory),
  storageMiB: spec.disks.reduce((sum, { size }) => sum + mib(size), 0),
});

/** A size in MiB; 0 for one that is still being typed. */
export function mib(size: string): number {
  try {
    return toMiB(size);
  } catch {
    return 0;
  }
}

/** The meters of a quota. Until the operator has counted, limits come from the spec. Pure. */
export function metersOf({ spec, status }: VmQuota): Meter[] {
  const { vms, cpu, memory, storage } = spec.hard;
  const hard: Partial<Amounts> = {
    vms,
    cpu,
    ...(memory !== undefined && { memoryMiB: mib(memory) }),
    ...(storage !== undefined && { storageMiB: mib(storage) }),
  };
  return dimensions.map(dimension => ({ dimension, used: status?.used?.[dimension] ?? 0, hard: hard[dimension] }));
}

/** What does not fit, and by how much. Pure. */
export interface Excess {
  dimension: Dimension;
  asked: number;
  free: number;
  hard: number;
}

/** The dimensions in which `more` does not fit any more. Pure. */
export function excessOf(meters: readonly Meter[], more: Partial<Amounts>): Excess[] {
  return meters.flatMap(({ dimension, used, hard }) => {
    const asked = more[dimension] ?? 0;
    if (hard === undefined || asked <= 0 || used + asked <= hard) return [];
    return [{ dimension, asked, free: Math.max(0, hard - used), hard }];
  });
}

/** A limit on each machine for itself that a size breaks. */
export interface OverMachineLimit {
  dimension: Exclude<Dimension, 'vms'>;
  asked: number;
  most: number;
}

/** Which limits on each machine a size breaks. Pure. */
export function overMachineLimits({ spec }: VmQuota, amounts: Amounts): OverMachineLimit[] {
  const { cpu, memory, storage } = spec.perVM?.max ?? {};
  const most = { cpu, memoryMiB: memory && mib(memory), storageMiB: storage && mib(storage) };
  return (['cpu', 'memoryMiB', 'storageMiB'] as const).flatMap(dimension => {
    const limit = most[dimension];
    return typeof limit === 'number' && amounts[dimension] > limit
      ? [{ dimension, asked: amounts[dimension], most: limit }]
      : [];
  });
}
