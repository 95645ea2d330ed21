import type { Allocation } from '#api/ledger.ts';
import type { Observed } from '../observed.ts';
import { type Charge, demandOf, larger, sameSize } from './amounts.ts';

/**
 * Whether a machine is charged with more than its spec asks for: it was shrunk or stopped. An entry that is bound to an
 * older generation says nothing, and one that admission has grown waits for the spec that it was grown for.
 */
export function hasSurplus({ metadata, spec }: Observed['vm'], allocation: Allocation | undefined): boolean {
  if (allocation?.state !== 'Bound' || allocation.uid !== metadata.uid) return false;
  return allocation.generation === metadata.generation && !sameSize(allocation, demandOf(spec));
}

/**
 * What a machine is to be charged with by what Proxmox was just seen to have: never less than it asks for, never more
 * than it is charged with. What waits for a restart is in what it runs with until then.
 */
export function confirmedCharge(held: Allocation, { vm, config, power, size }: Observed): Charge | undefined {
  if (!config?.found || power === undefined || size === undefined) return undefined;
  const demand = demandOf(vm.spec);
  const { cores, sockets, memoryMiB, disks, nics } = config.config;
  const seen: Charge = {
    ...demand,
    running: power !== 'Stopped',
    cpu: Math.max(cores * sockets, size.cpu),
    memoryMiB: Math.max(memoryMiB, size.memoryMiB),
    storageMiB: disks.reduce((sum, disk) => sum + disk.sizeMiB, 0),
    networks: vm.spec.networks === undefined ? nics.length : demand.networks,
  };
  return smaller(held, larger(demand, seen));
}

function smaller(held: Charge, seen: Charge): Charge {
  return {
    ...seen,
    running: held.running && seen.running,
    cpu: Math.min(held.cpu, seen.cpu),
    memoryMiB: Math.min(held.memoryMiB, seen.memoryMiB),
    storageMiB: Math.min(held.storageMiB, seen.storageMiB),
    networks: Math.min(held.networks, seen.networks),
    // Disks never shrink, so nothing is given back of these before the machine is gone.
    ...(held.storages && { storages: held.storages }),
  };
}
