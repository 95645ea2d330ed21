import type { ProxmoxCluster, VirtualMachine } from '#api/kinds.ts';
import type { Claim } from '#api/proxmox-cluster.ts';
import type { Inventory, InventoryVm } from '#proxmox/inventory.ts';
import type { NodeCapacity } from '../core/allocation.ts';
import { chargedSize } from '../core/held-size.ts';
import { beyond, type NodeUse, noUse, together } from '../core/node-limits.ts';

/**
 * What each node has and what is taken of it: of memory by everybody's machines as Proxmox lists them, claims in flight
 * left out; of Berth's caps by what its machines are charged with.
 */
export function nodeCapacities(inventory: Inventory, machines: VirtualMachine[], inFlight: Claim[]): NodeCapacity[] {
  const claimed = new Set(inFlight.map(({ vmid }) => vmid));
  const taken = new Map<string, number>();
  for (const { vmid, node, memoryBytes = 0, template } of inventory.vms) {
    if (!claimed.has(vmid) && !template) taken.set(node, (taken.get(node) ?? 0) + memoryBytes);
  }
  const uses = usesOf(inventory, machines);
  return inventory.nodes.map(({ name, online, memoryBytes }) => ({
    name,
    online,
    ...(memoryBytes !== undefined && { memoryMiB: Math.floor(memoryBytes / 2 ** 20) }),
    takenMemoryMiB: Math.ceil((taken.get(name) ?? 0) / 2 ** 20),
    ...(uses.get(name) ?? { berth: noUse }),
  }));
}

interface Uses {
  berth: NodeUse;
  namespaces: Map<string, NodeUse>;
  machines: Map<string, NodeUse>;
}

/**
 * What machines take of nodes. One that Proxmox has on another node than its status says was just migrated, or is about
 * to be: it counts on both until it was looked at.
 */
function usesOf(inventory: Pick<Inventory, 'vms'> | undefined, machines: VirtualMachine[]): Map<string, Uses> {
  const lines = new Map(inventory?.vms.map(line => [line.vmid, line]));
  const uses = new Map<string, Uses>();
  for (const vm of machines) {
    const { node, vmid, createdAt } = vm.status ?? {};
    if (node === undefined || vmid === undefined) continue;
    const line = lines.get(vmid);
    const use = { vms: 1, ...chargedSize(vm, line && shownSize(line)) };
    const { namespace = '', uid = '' } = vm.metadata;
    // Until a clone to another node is complete, Proxmox has it beside its template.
    for (const name of new Set([node, (createdAt && line?.node) ?? node])) {
      const { berth, namespaces, machines } = uses.get(name) ?? {
        berth: noUse,
        namespaces: new Map(),
        machines: new Map(),
      };
      namespaces.set(namespace, together(namespaces.get(namespace) ?? noUse, use));
      uses.set(name, { berth: together(berth, use), namespaces, machines: machines.set(uid, use) });
    }
  }
  return uses;
}

const shownSize = ({ cpus, memoryBytes }: InventoryVm) => ({
  ...(cpus !== undefined && { cpu: cpus }),
  ...(memoryBytes !== undefined && { memoryMiB: Math.ceil(memoryBytes / 2 ** 20) }),
});

/** What is taken of a node of a cluster, claims in flight included: by all, and by the namespace of a machine. */
export function useOfNode(
  machines: VirtualMachine[],
  cluster: ProxmoxCluster | undefined,
  inventory: Inventory | undefined,
  node: string,
  { metadata: { namespace = '' } }: VirtualMachine,
): { all: NodeUse; own: NodeUse } {
  const there = machines.filter(({ status }) => status?.cluster === cluster?.metadata.name);
  const uses = usesOf(inventory, there).get(node);
  const coming = (cluster?.status?.inFlight ?? []).filter(claim => claim.node === node);
  const useOf = (claim: Claim) => beyond(claim, uses?.machines.get(claim.uid));
  const own = coming.filter(claim => claim.namespace === namespace);
  return {
    all: together(uses?.berth ?? noUse, ...coming.map(useOf)),
    own: together(uses?.namespaces.get(namespace) ?? noUse, ...own.map(useOf)),
  };
}
