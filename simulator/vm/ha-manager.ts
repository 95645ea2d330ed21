import type { World } from '../engine/world.ts';
import type { VmState } from '../state/types.ts';
import { startAsRoot } from './start.ts';
import { stopAsRoot } from './stop.ts';

/** How often the local managers look at what is wanted [pve-ha-lrm]. */
const ROUND_MS = 10_000;

/** A node that was silent for so long is fenced: its watchdog has reset it [pve-ha-crm]. */
const FENCE_MS = 60_000;

const WANT_ON = new Set(['started', 'enabled']);
const WANT_OFF = new Set(['stopped', 'disabled']);

/** Lets the HA stack of a cluster do what was asked of it. A node that stands alone has none. */
export function startHaManager(world: World): void {
  if (world.state.cluster.name === undefined) return;
  const silentSince = new Map<string, number>();
  const round = () => {
    world.clock.background(world.clock.now() + ROUND_MS, round);
    if (!world.state.cluster.quorate) return;
    noteSilence(world, silentSince);
    for (const [sid, { state }] of Object.entries(world.state.ha)) {
      const vm = world.state.vms[sid.replace('vm:', '')];
      if (vm !== undefined) look(world, vm, state, silentSince);
    }
  };
  world.clock.background(world.clock.now() + ROUND_MS, round);
}

function noteSilence(world: World, silentSince: Map<string, number>): void {
  for (const { name, reachable } of Object.values(world.state.nodes)) {
    if (reachable) silentSince.delete(name);
    else if (!silentSince.has(name)) silentSince.set(name, world.clock.now());
  }
}

function look(world: World, vm: VmState, wanted: string, silentSince: Map<string, number>): void {
  const since = silentSince.get(vm.node);
  if (since !== undefined) {
    if (world.clock.now() - since >= FENCE_MS) recover(world, vm);
    return;
  }
  const busy = world.tasks.running().some(task => task.id === String(vm.vmid) && !task.type.startsWith('ha'));
  if (busy) return;
  if (WANT_ON.has(wanted) && vm.run === undefined) startAsRoot(world, vm);
  if (WANT_OFF.has(wanted) && vm.run !== undefined) stopAsRoot(world, vm);
}

/** The VM of a fenced node gets another one; the next round starts it there. */
function recover(world: World, vm: VmState): void {
  const node = Object.values(world.state.nodes).find(({ reachable, member }) => reachable && member);
  if (node === undefined) return;
  delete vm.run;
  vm.node = node.name;
}
