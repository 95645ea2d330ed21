import type { ProxmoxCluster, VirtualMachine } from '#api/kinds.ts';
import type { Claim } from '#api/proxmox-cluster.ts';
import { toMiB } from '#api/quantity.ts';
import type { Inventory } from '#proxmox/inventory.ts';
import type { NodeCapacity } from '../core/allocation.ts';
import { type NodeUse, noUse, together } from '../core/node-limits.ts';

/**
 * What each node has and what is taken of it: of memory by everybody's machines as Proxmox lists them, of Berth's caps
 * by what the resources ask for. Claims in flight are left out of both.
 */
export function nodeCapacities(inventory: Inventory, machines: VirtualMachine[], inFlight: Claim[]): NodeCapacity[] {
  const claimed = new Set(inFlight.map(({ vmid }) => vmid));
  const taken = new Map<string, number>();
  for (const { vmid, node, memoryBytes = 0, template } of inventory.vms) {
    if (!claimed.has(vmid) && !template) taken.set(node, (taken.get(node) ?? 0) + memoryBytes);
  }
  const berth = new Map<string, NodeUse>();
  const namespaces = new Map<string, Map<string, NodeUse>>();
  for (const vm of machines) {
    const { node, vmid = 0 } = vm.status ?? {};
    if (node === undefined || claimed.has(vmid)) continue;
    berth.set(node, together(berth.get(node) ?? noUse, useOf(vm)));
    const ofNode = namespaces.get(node) ?? new Map<string, NodeUse>();
    const namespace = vm.metadata.namespace ?? '';
    namespaces.set(node, ofNode.set(namespace, together(ofNode.get(namespace) ?? noUse, useOf(vm))));
  }
  return inventory.nodes.map(({ name, online, memoryBytes }) => ({
    name,
    online,
    ...(memoryBytes !== undefined && { memoryMiB: Math.floor(memoryBytes / 2 ** 20) }),
    takenMemoryMiB: Math.ceil((taken.get(name) ?? 0) / 2 ** 20),
    berth: berth.get(name) ?? noUse,
    namespaces: namespaces.get(name) ?? new Map(),
  }));
}

/** What a machine takes of its node, by what it asks for. */
const useOf = ({ spec: { resources } }: VirtualMachine): NodeUse => ({
  vms: 1,
  cpu: resources.cpu,
  memoryMiB: toMiB(resources.memory),
});

/** What is asked of a node of a cluster, claims in flight included: by all, and by the namespace of a machine. */
export function useOfNode(
  machines: VirtualMachine[],
  cluster: ProxmoxCluster | undefined,
  node: string,
  { metadata: { namespace } }: VirtualMachine,
): { all: NodeUse; own: NodeUse } {
  const there = machines.filter(({ status }) => status?.cluster === cluster?.metadata.name && status?.node === node);
  const known = new Set(there.map(({ metadata }) => metadata.uid));
  const coming = (cluster?.status?.inFlight ?? []).filter(claim => claim.node === node && !known.has(claim.uid));
  const uses = [
    ...there.map(vm => ({ namespace: vm.metadata.namespace, ...useOf(vm) })),
    ...coming.map(claim => ({ vms: 1, ...claim })),
  ];
  return { all: together(...uses), own: together(...uses.filter(use => use.namespace === namespace)) };
}
