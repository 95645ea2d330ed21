import { died } from './errors.ts';
import type { World } from './world.ts';

/** Throws as writing below /etc/pve does when the cluster has no quorum: everything there is read-only then. */
export function demandWritable(world: World, node: string, vmid: number): void {
  if (world.state.cluster.quorate) return;
  const temporary = `/etc/pve/nodes/${node}/qemu-server/${vmid}.conf.tmp.${world.state.nodes[node]?.lastPid}`;
  throw died(`unable to open file '${temporary}' - Permission denied`);
}
