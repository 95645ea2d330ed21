import { demandWritable } from '../engine/cluster-files.ts';
import { died } from '../engine/errors.ts';
import type { Mortal, Steps } from '../engine/process.ts';
import { type Call, flag, required, type World } from '../engine/world.ts';
import type { Section, VmState } from '../state/types.ts';
import { findVolume, resizeVolume } from '../storage/volumes.ts';
import type { Worker } from '../tasks/tasks.ts';
import { checkLock, isTemplate, vmOn } from './config.ts';
import { work } from './disks.ts';
import { forkOnVm } from './fork.ts';
import { underLock } from './lock.ts';
import { disksOf, NOT_COPIED } from './snapshots.ts';
import { start } from './start.ts';
import { stopped } from './stop.ts';

/** POST rollback. */
export function rollback(call: Call): string {
  const { world, params, node } = call;
  const vmid = Number(params.vmid);
  const name = required(params, 'snapname');
  const startAfter = flag(params, 'start');
  return forkOnVm(call, 'qmrollback', worker => restore(world, worker, node, vmid, name, startAfter));
}

function* restore(
  world: World,
  worker: Worker,
  node: string,
  vmid: number,
  name: string,
  startAfter: boolean,
): Steps<void> {
  const { authid } = worker.task;
  const vm = yield* underLock(world, worker.process, vmid, () => {
    const prepared = prepareRollback(world, node, vmid, name);
    if (prepared.run !== undefined) stopped(world, prepared, authid);
    prepared.config.current.lock = 'rollback';
    return prepared;
  });
  const snapshot = vm.config.snapshots[name] ?? {};
  for (const drive of disksOf(world, snapshot)) {
    yield* work(world, 'rollback');
    const found = findVolume(world, node, drive.file);
    if (found !== undefined) resizeVolume(found, found.volume.snapshots[name] ?? found.volume.size);
  }
  applySnapshot(world, vm, snapshot, name);
  if (snapshot.vmstate === undefined) {
    worker.log('trying to acquire lock...');
    worker.log(' OK');
    if (startAfter) yield* startLocked(world, worker.process, vm, worker);
  } else {
    yield* startLocked(world, worker.process, vm, worker);
  }
}

function prepareRollback(world: World, node: string, vmid: number, name: string): VmState {
  const vm = vmOn(world, node, vmid);
  if (isTemplate(vm)) throw died("you can't rollback if vm is a template");
  const snapshot = vm.config.snapshots[name];
  if (snapshot === undefined) throw died(`snapshot '${name}' does not exist`);
  if (snapshot.snapstate !== undefined) {
    throw died(`unable to rollback to incomplete snapshot (snapstate = ${snapshot.snapstate})`);
  }
  checkLock(vm);
  demandWritable(world, node, vmid);
  return vm;
}

/** The snapshot's options come back, but the description stays, and the generation is a new one. */
function applySnapshot(world: World, vm: VmState, snapshot: Section, name: string): void {
  const { config } = vm;
  const { description } = config.current;
  const restored: Section = {};
  for (const [key, value] of Object.entries(snapshot)) if (!NOT_COPIED.has(key)) restored[key] = value;
  delete restored.description;
  if (description !== undefined) restored.description = description;
  for (const [key, value] of Object.entries(config.current)) if (/^unused\d+$/.test(key)) restored[key] = value;
  if (restored.vmgenid !== undefined) restored.vmgenid = world.random.uuid();
  restored.parent = name;
  config.current = restored;
}

function startLocked(world: World, process: Mortal, vm: VmState, worker: Worker): Steps<void> {
  return underLock(world, process, vm.vmid, () => start(world, vm, worker.task.authid, false, worker.log));
}
