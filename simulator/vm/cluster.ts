import { badParameters, died } from '../engine/errors.ts';
import type { World } from '../engine/world.ts';

/** Throws if the cluster has no quorum [PVE::Cluster::check_cfs_quorum]. */
export function demandQuorum(world: World): void {
  if (!world.state.cluster.quorate) throw died('cluster not ready - no quorum?');
}

/** Where a VMID is in use, in the words of a refusal; undefined if it is free. */
export function whoHasVmid(world: World, vmid: number): string | undefined {
  const vm = world.state.vms[vmid];
  if (vm !== undefined) return `VM ${vmid} already exists on node '${vm.node}'`;
  const container = world.state.containers[vmid];
  return container === undefined ? undefined : `CT ${vmid} already exists on node '${container.node}'`;
}

/** The first free VMID of the range that the datacenter's options set [PVE::API2::Cluster, nextid]. */
export function nextFreeId(world: World): number {
  const range = Object.fromEntries(
    (world.state.cluster.options['next-id'] ?? '').split(',').map(part => part.split('=')),
  );
  const lower = Number(range.lower ?? 100);
  const upper = Number(range.upper ?? 1_000_000);
  for (let vmid = lower; vmid < upper; vmid++) {
    if (world.state.vms[vmid] === undefined && world.state.containers[vmid] === undefined) return vmid;
  }
  throw died(`unable to get any free VMID in range [${lower}, ${upper}]`);
}

/** Throws 400 if a VMID is in use. */
export function demandFree(world: World, vmid: number): void {
  const vm = world.state.vms[vmid];
  if (vm !== undefined) throw badParameters({ vmid: `VM ${vmid} already exists` });
  if (world.state.containers[vmid] !== undefined) throw badParameters({ vmid: `CT ${vmid} already exists` });
}
