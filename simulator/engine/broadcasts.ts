import { isOnNode, placeOf } from '../storage/volumes.ts';
import { statisticsOf } from '../vm/statistics.ts';
import type { World } from './world.ts';

/** pvestatd's round. */
export const ROUND_MS = 10_000;

/** A line that was not renewed for so long is dropped [pmxcfs, status.c]. */
const EXPIRY_MS = 300_000;

/** What a node uses without guests. */
const IDLE_CPU = 0.02;
const IDLE_MEMORY = 1.5 * 2 ** 30;

/** Starts the rounds of every node, each with its own offset, after a first one now. */
export function startBroadcasts(world: World): void {
  const names = Object.keys(world.state.nodes);
  for (const [index, name] of names.entries()) {
    const offset = Math.floor((ROUND_MS * (index + 1)) / (names.length + 1));
    broadcast(world, name);
    world.clock.background(world.clock.now() + offset, () => round(world, name));
  }
}

function round(world: World, name: string): void {
  broadcast(world, name);
  world.clock.background(world.clock.now() + ROUND_MS, () => round(world, name));
}

/** Tells the cluster the present state of a node; a node that is down says nothing. */
export function broadcast(world: World, name: string): void {
  const node = world.state.nodes[name];
  if (node === undefined || !node.reachable || !node.member) return;
  const { nodes, storages, vms } = world.state.broadcasts;
  const now = world.clock.now();
  let cpu = 0;
  let mem = 0;
  for (const vm of Object.values(world.state.vms)) {
    if (vm.node !== name) continue;
    const line = statisticsOf(world, vm);
    vms[vm.vmid] = line;
    cpu += line.cpu * line.maxcpu;
    mem += line.mem;
  }
  for (const [vmid, line] of Object.entries(vms)) if (now - line.at > EXPIRY_MS) delete vms[vmid];
  nodes[name] = {
    cpu: Math.min(1, IDLE_CPU + cpu / node.cpus),
    mem: Math.min(node.memory, IDLE_MEMORY + mem),
    disk: Math.floor(node.rootSize / 10),
    uptime: Math.floor((now - node.bootedAt) / 1000),
  };
  for (const storage of Object.values(world.state.storages)) {
    if (!storage.enabled || !isOnNode(storage, name)) continue;
    const place = placeOf(storage, name);
    storages[`${name}/${storage.id}`] = { used: place.foreignBytes + place.usedBytes, total: storage.size };
  }
}
