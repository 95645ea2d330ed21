import { type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';
import type { Store } from '#kube/store.ts';
import { Allocator } from './allocator.ts';
import type { ClusterLink } from './cluster-link.ts';
import { inventoryOf, notYet } from './looks.ts';
import { nodeCapacities } from './node-capacity.ts';

/** One allocator for each ProxmoxCluster, made when it is first needed. */
export function createAllocators(
  kube: KubeClient,
  link: (cluster: string) => ClusterLink | undefined,
  machines: Store<VirtualMachine>,
  now: () => number,
): (cluster: string) => Allocator {
  const made = new Map<string, Allocator>();
  return cluster => {
    const inventory = () => {
      const connected = link(cluster);
      if (!connected) throw notYet(`ProxmoxCluster ${cluster} is not connected`);
      return inventoryOf(connected);
    };
    const held = () => machines.list().flatMap(({ status }) => status?.vmid ?? []);
    const allocator =
      made.get(cluster) ??
      new Allocator(cluster, {
        kube,
        takenVmids: () => new Set([...inventory().vms.map(({ vmid }) => vmid), ...held()]),
        nodes: (inFlight, here) => nodeCapacities(inventory(), here, inFlight),
        machines: async () => (await kube.list<VirtualMachine>(virtualMachines)).items,
        now,
      });
    made.set(cluster, allocator);
    return allocator;
  };
}
