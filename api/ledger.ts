import { z } from 'zod';
import { asAtomic } from './cel.ts';

const amount = (what: string) => z.int().min(0).optional().describe(what);

/** Amounts of everything that is counted, in whole units; an absent one is not limited or not counted. */
export const amounts = z.object({
  vms: amount('Machines.'),
  cpu: amount('Virtual CPUs.'),
  memoryMiB: amount('Memory in MiB.'),
  storageMiB: amount('Disk space in MiB.'),
  networks: amount('Network interfaces.'),
  runningVMs: amount('Machines that run.'),
  runningCPU: amount('Virtual CPUs of machines that run.'),
  runningMemoryMiB: amount('Memory in MiB of machines that run.'),
});

/** What one machine is charged with. The entry stays until Proxmox is seen to have given back what it stands for. */
export const allocation = z.object({
  name: z.string().max(127).describe('Name of the VirtualMachine; NAMESPACE/NAME across namespaces.'),
  uid: z.string().max(36).describe('Its metadata.uid.'),
  generation: z.int().min(0).describe('The metadata.generation that it was bound for; 0 before that.'),
  owner: z.string().max(253).optional().describe('Its owner.'),
  template: z.string().max(63).describe('Its VmTemplate.'),
  state: z
    .enum(['Reserved', 'Bound'])
    .describe('Reserved at admission, or Bound by the operator, which has seen the resource itself.'),
  running: z.boolean().describe('Whether it counts as running.'),
  cpu: z.int32().min(0).describe('Virtual CPUs.'),
  memoryMiB: z.int().min(0).describe('Memory in MiB.'),
  storageMiB: z.int().min(0).describe('Disk space in MiB.'),
  networks: z.int32().min(0).describe('Network interfaces.'),
});

export type Allocation = z.infer<typeof allocation>;

/** Most entries of a ledger. 1,000 take about 200 KB, a fifth of what etcd takes in one object. */
export const mostAllocations = 1000;

/**
 * The entries of a ledger, one a machine. Written only by PUT with a resourceVersion. Atomic: as a map list its
 * managedFields would triple it.
 */
export const allocations = () =>
  z.array(allocation).max(mostAllocations).meta(asAtomic).optional().describe('What each machine is charged with.');
