import type { VirtualMachine } from '#api/kinds.ts';
import { type Amounts, mib } from '../quota/meters.ts';

type Spec = VirtualMachine['spec'];

/** A new size as it is being typed; numbers may be empty meanwhile. */
export interface NewSize {
  cpu: number | '';
  memoryGiB: number | '';
  /** By name, in GiB. */
  disks: Record<string, number | ''>;
}

/** A size in GiB as the resource has it: whole GiB where it can be. Pure. */
export const quantityOf = (gibibytes: number): string => {
  const amount = Math.round(gibibytes * 1024);
  return amount % 1024 === 0 ? `${amount / 1024}Gi` : `${amount}Mi`;
};

/** The size of a machine as a form begins with it. Pure. */
export const sizeOf = ({ resources, disks }: Spec): NewSize => ({
  cpu: resources.cpu,
  memoryGiB: mib(resources.memory) / 1024,
  disks: Object.fromEntries(disks.map(({ name, size }) => [name, mib(size) / 1024])),
});

/** The patch that gives a machine a new size; undefined where nothing changes. Pure. */
export function resizePatch(spec: Spec, { cpu, memoryGiB, disks }: NewSize): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {};
  const memory =
    memoryGiB !== '' && memoryGiB * 1024 !== mib(spec.resources.memory) ? quantityOf(memoryGiB) : undefined;
  const newCpu = cpu !== '' && cpu !== spec.resources.cpu ? cpu : undefined;
  if (memory !== undefined || newCpu !== undefined) {
    patch.resources = { ...(newCpu !== undefined && { cpu: newCpu }), ...(memory !== undefined && { memory }) };
  }
  const grown = spec.disks.map(disk => {
    const wanted = disks[disk.name];
    return typeof wanted === 'number' && wanted * 1024 > mib(disk.size) ? { ...disk, size: quantityOf(wanted) } : disk;
  });
  // A merge patch replaces a list as a whole.
  if (grown.some((disk, index) => disk !== spec.disks[index])) patch.disks = grown;
  return Object.keys(patch).length > 0 ? patch : undefined;
}

/** What more of the quota a new size takes; negative where it gives back. Pure. */
export function growth(spec: Spec, { cpu, memoryGiB, disks }: NewSize): Amounts {
  const storage = spec.disks.reduce((sum, { name, size }) => sum + Number(disks[name] ?? 0) * 1024 - mib(size), 0);
  return {
    vms: 0,
    cpu: Number(cpu) - spec.resources.cpu,
    memoryMiB: Number(memoryGiB) * 1024 - mib(spec.resources.memory),
    storageMiB: Math.max(0, storage),
  };
}
