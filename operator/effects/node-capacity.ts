import type { VirtualMachine } from '#api/kinds.ts';
import type { Claim } from '#api/proxmox-cluster.ts';
import { toMiB } from '#api/quantity.ts';
import type { Inventory } from '#proxmox/inventory.ts';
import type { NodeCapacity } from '../core/allocation.ts';

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
  const berth = new Map<string, NodeCapacity['berth']>();
  for (const { spec, status } of machines) {
    if (status?.node === undefined || claimed.has(status.vmid ?? 0)) continue;
    const sum = berth.get(status.node) ?? { vms: 0, cpu: 0, memoryMiB: 0 };
    berth.set(status.node, {
      vms: sum.vms + 1,
      cpu: sum.cpu + spec.resources.cpu,
      memoryMiB: sum.memoryMiB + toMiB(spec.resources.memory),
    });
  }
  return inventory.nodes.map(({ name, online, memoryBytes }) => ({
    name,
    online,
    ...(memoryBytes !== undefined && { memoryMiB: Math.floor(memoryBytes / 2 ** 20) }),
    takenMemoryMiB: Math.ceil((taken.get(name) ?? 0) / 2 ** 20),
    berth: berth.get(name) ?? { vms: 0, cpu: 0, memoryMiB: 0 },
  }));
}
