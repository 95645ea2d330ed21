import type { VirtualMachine } from '#api/kinds.ts';
import { toMiB } from '#api/quantity.ts';
import { largerSize, type MachineSize } from './machine.ts';
import type { Observed } from './observed.ts';

/** What a machine asks for. */
export const askedSize = ({ spec: { resources } }: VirtualMachine): MachineSize => ({
  cpu: resources.cpu,
  memoryMiB: toMiB(resources.memory),
});

/**
 * What a machine's node is charged with (I5): what it asks for, and what it was granted or seen to have, if that is more.
 * One of which nothing is known yet has what the inventory shows.
 */
export const chargedSize = (vm: VirtualMachine, shown?: Partial<MachineSize>): MachineSize =>
  largerSize(askedSize(vm), vm.status?.allocation ?? { cpu: shown?.cpu ?? 0, memoryMiB: shown?.memoryMiB ?? 0 });

/** Whether a machine is charged with more than it asks for: it was shrunk, and may have it until a restart. */
export function holdsMore(vm: VirtualMachine): boolean {
  const asked = askedSize(vm);
  const { cpu, memoryMiB } = vm.status?.allocation ?? asked;
  return cpu > asked.cpu || memoryMiB > asked.memoryMiB;
}

/**
 * What a machine has by what was just seen: now, or from its next start on. Less than it was charged with only where both
 * were seen (I4), and never before it is complete: what was claimed for it is yet to come.
 */
export function heldSize({ vm, config, size }: Observed): MachineSize | undefined {
  const { allocation, createdAt } = vm.status ?? {};
  if (!config?.found) return allocation;
  const { cores, sockets, memoryMiB } = config.config;
  const configured = { cpu: cores * sockets, memoryMiB };
  const seen = size ? largerSize(configured, size) : configured;
  if (allocation === undefined || (size && createdAt !== undefined)) return seen;
  return largerSize(allocation, seen);
}
