import { isOnNode, placeOf } from '../storage/volumes.ts';
import { statisticsOf } from '../vm/statistics.ts';
import type { World } from './world.ts';

/** pvestatd's round. */
const ROUND_MS = 10_000;

/** A line that was not renewed for so long is dropped [pmxcfs, status.c]. */
const EXPIRY_MS = 300_000;

/** What a node uses without guests. */
const IDLE_CPU = 0.02;
const IDLE_MEMORY = 1.5 * 2 ** 30;

/** Tells the cluster the present state of all nodes. */
export function broadcastAll(world: World): void {
  for (const name of Object.keys(world.state.nodes)) broadcast(world, name);
}

/** Starts the rounds; within each of them every node has its own time. */
export function startRounds(world: World): void {
  const names = Object.keys(world.state.nodes);
  const start = world.clock.now();
  for (const [index, name] of names.entries()) {
    const offset = Math.floor((ROUND_MS * (index + 1)) / (names.length + 1));
    world.clock.background(start + offset, () => broadcast(world, name));
  }
  world.clock.background(start + ROUND_MS, () => startRounds(world));
}

/** Tells the cluster the present state of a node; a node that is down says nothing. */
function broadcast(world: World, name: string): void {
  const node = world.state.nodes[name];
  const { nodes, storages, vms, lost } = world.state.broadcasts;
  if (lost || node === undefined || !node.reachable || !node.member) return;
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
