import { demandWritable } from '../engine/cluster-files.ts';
import { died } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import { type Call, flag, required, seconds, text, type World } from '../engine/world.ts';
import type { Section, VmState } from '../state/types.ts';
import { findVolume, hasFeature, setUsed } from '../storage/volumes.ts';
import type { Worker } from '../tasks/tasks.ts';
import { checkLock, isTemplate, vmOn } from './config.ts';
import { work } from './disks.ts';
import { forkOnVm } from './fork.ts';
import { agentEnabled, hasAgent } from './guest.ts';
import { underLock } from './lock.ts';
import { DELTA_BYTES, disksOf, NOT_COPIED } from './snapshots.ts';
import { allocateState, saveState } from './vmstate.ts';

/** POST snapshot: only the name and the VM are checked before the task. */
export function createSnapshot(call: Call): string {
  const { world, params, node } = call;
  const vmid = Number(params.vmid);
  const name = required(params, 'snapname');
  if (name === 'current') throw died("unable to use snapshot name 'current' (reserved name)");
  if (name.toLowerCase() === 'pending') throw died("unable to use snapshot name 'pending' (reserved name)");
  vmOn(world, node, vmid);
  const options = { name, withState: flag(params, 'vmstate'), comment: text(params, 'description') };
  return forkOnVm(call, 'qmsnapshot', worker => create(world, worker, node, vmid, options));
}

interface CreateOptions {
  name: string;
  withState: boolean;
  comment: string | undefined;
}

function* create(world: World, worker: Worker, node: string, vmid: number, options: CreateOptions): Steps<void> {
  const vm = yield* underLock(world, worker.process, vmid, () => prepare(world, worker, node, vmid, options));
  const snapshot = vm.config.snapshots[options.name] ?? {};
  if (snapshot.vmstate !== undefined) yield* saveState(world, worker, vm, snapshot.vmstate);
  if (vm.run !== undefined && snapshot.vmstate === undefined && agentEnabled(vm) && hasAgent(world, vm)) {
    yield* work(world, 'qmreset');
  }
  for (const drive of disksOf(world, snapshot)) {
    worker.log(`snapshotting 'drive-${drive.key}' (${drive.file})`);
    yield* work(world, 'snapshot');
    const found = findVolume(world, node, drive.file);
    if (found === undefined) continue;
    found.volume.snapshots[options.name] = found.volume.size;
    setUsed(found, found.volume.used + DELTA_BYTES);
  }
  yield* underLock(world, worker.process, vmid, () => {
    delete snapshot.snapstate;
    delete vm.config.current.lock;
    vm.config.current.parent = options.name;
  });
}

/** Writes the snapshot's section and the lock; with RAM, makes room for it. */
function prepare(world: World, worker: Worker, node: string, vmid: number, options: CreateOptions): VmState {
  const vm = vmOn(world, node, vmid);
  if (isTemplate(vm)) throw died("you can't take a snapshot if it's a template");
  checkLock(vm);
  const { config } = vm;
  if (config.snapshots[options.name] !== undefined) throw died(`snapshot name '${options.name}' already used`);
  if (!canSnapshot(world, vm)) throw died('snapshot feature is not available');
  demandWritable(world, node, vmid);
  const snapshot: Section = {};
  if (options.withState && vm.run !== undefined) {
    Object.assign(snapshot, allocateState(world, worker, vm, options.name));
  }
  for (const [key, value] of Object.entries(config.current)) {
    if (!NOT_COPIED.has(key) && !/^unused\d+$/.test(key)) snapshot[key] = value;
  }
  const { parent } = config.current;
  if (parent !== undefined) snapshot.parent = parent;
  snapshot.snapstate = 'prepare';
  snapshot.snaptime = String(seconds(world));
  delete snapshot.description;
  if (options.comment) snapshot.description = options.comment;
  config.snapshots[options.name] = snapshot;
  config.current.lock = 'snapshot';
  return vm;
}

/** Whether all disks are on storages that can take snapshots of them. */
function canSnapshot(world: World, vm: VmState): boolean {
  return disksOf(world, vm.config.current).every(drive => {
    const found = findVolume(world, vm.node, drive.file);
    return found !== undefined && hasFeature(found, 'snapshot');
  });
}
