import type { World } from '../engine/world.ts';
import type { NodeState } from '../state/types.ts';
import { startAsRoot } from '../vm/start.ts';

function nodeOf(world: World, name: string): NodeState {
  const node = world.state.nodes[name];
  if (node === undefined) throw new Error(`the cluster has no node '${name}'`);
  return node;
}

/** A node loses power: its workers die where they are, its VMs stop, the others get no answer from it. */
export function cutPower(world: World, name: string): void {
  nodeOf(world, name).reachable = false;
  world.tasks.killAll(name);
  for (const vm of Object.values(world.state.vms)) {
    if (vm.node !== name) continue;
    delete vm.run;
    vm.guest.processes = {};
  }
}

/** The node is back, freshly booted; VMs with `onboot` are started. */
export function restorePower(world: World, name: string): void {
  const node = nodeOf(world, name);
  node.reachable = true;
  node.bootedAt = world.clock.now();
  for (const vm of Object.values(world.state.vms)) {
    if (vm.node === name && vm.config.current.onboot === '1') startAsRoot(world, vm);
  }
}

/** The network to a node is cut, or whole again; what runs there goes on. */
export function setReachable(world: World, name: string, reachable: boolean): void {
  nodeOf(world, name).reachable = reachable;
}
