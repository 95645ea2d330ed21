import { demandWritable } from '../engine/cluster-files.ts';
import { died } from '../engine/errors.ts';
import type { Mortal, Steps } from '../engine/process.ts';
import { type Call, flag, required, seconds, text, type World } from '../engine/world.ts';
import type { Section, VmState } from '../state/types.ts';
import { allocate, findVolume, free, hasFeature, resizeVolume, setUsed } from '../storage/volumes.ts';
import type { Worker } from '../tasks/tasks.ts';
import { checkLock, digestOf, isTemplate, vmOn } from './config.ts';
import { work } from './disks.ts';
import { type Drive, drivesOf, isCdrom } from './drives.ts';
import { agentEnabled, hasAgent } from './guest.ts';
import { memoryOf, start, stopped } from './power.ts';
import { underLock } from './update.ts';
import { vmstateStorage } from './vmstate.ts';

/** What a snapshot does not copy. */
const NOT_COPIED = new Set(['snapstate', 'parent', 'lock', 'vmstate', 'runningmachine', 'runningcpu', 'snaptime']);

/** How much of a fresh delta a snapshot takes. */
const DELTA_BYTES = 1_048_576;

function order(call: Call, type: string) {
  return { node: call.node, type, id: String(call.params.vmid), authid: call.who.authid };
}

const disksOf = (world: World, section: Section): Drive[] =>
  drivesOf(world.release, section).filter(drive => !isCdrom(drive));

/** POST snapshot: only the name and the VM are checked before the task. */
export function createSnapshot(call: Call): string {
  const { world, params, node } = call;
  const vmid = Number(params.vmid);
  const name = required(params, 'snapname');
  if (name === 'current') throw died("unable to use snapshot name 'current' (reserved name)");
  if (name.toLowerCase() === 'pending') throw died("unable to use snapshot name 'pending' (reserved name)");
  vmOn(world, node, vmid);
  const options = { name, withState: flag(params, 'vmstate'), comment: text(params, 'description') };
  return world.tasks.fork(order(call, 'qmsnapshot'), worker => create(world, worker, node, vmid, options));
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

/** The volume for a VM's memory, and the options that tell how to load it [__snapshot_save_vmstate]. */
export function allocateState(world: World, worker: Worker, vm: VmState, name: string, storage?: string): Section {
  const id = storage ?? vmstateStorage(world, vm);
  const size = memoryOf(vm.config.current) * 2 + 500 * 2 ** 20;
  const allocation = { node: vm.node, storage: id, vmid: vm.vmid, format: 'raw', size, suffix: `state-${name}` };
  const vmstate = allocate(world, allocation);
  const path = world.state.storages[id]?.path;
  if (path !== undefined) {
    worker.log(
      `Formatting '${path}/images/${vmstate.slice(vmstate.indexOf(':') + 1)}', fmt=raw size=${size} preallocation=off`,
    );
  }
  return {
    vmstate,
    runningmachine: vm.run?.machine ?? '',
    runningcpu: vm.config.current.kvm === '0' ? 'qemu64' : 'kvm64',
  };
}

function* saveState(world: World, worker: Worker, vm: VmState, vmstate: string): Steps<void> {
  worker.log(`saving VM state and RAM using storage '${vmstate.split(':')[0]}'`);
  yield* work(world, 'vmstate', memoryOf(vm.config.current));
  const found = findVolume(world, vm.node, vmstate);
  if (found !== undefined) setUsed(found, memoryOf(vm.config.current));
  worker.log('completed saving the VM state in 0s, saved 3.36 MiB');
}

/** DELETE snapshot. */
export function deleteSnapshot(call: Call): string {
  const { world, params, node } = call;
  const vmid = Number(params.vmid);
  const name = required(params, 'snapname');
  const force = flag(params, 'force');
  return world.tasks.fork(order(call, 'qmdelsnapshot'), worker => remove(world, worker, node, vmid, name, force));
}

function* remove(world: World, worker: Worker, node: string, vmid: number, name: string, force: boolean): Steps<void> {
  const find = () => {
    const vm = vmOn(world, node, vmid);
    const snapshot = vm.config.snapshots[name];
    if (snapshot === undefined) throw died(`snapshot '${name}' does not exist`);
    return { vm, snapshot };
  };
  const { vm, snapshot } = find();
  yield* underLock(world, worker.process, vmid, () => {
    checkLock(vm);
    demandWritable(world, node, vmid);
    vm.config.current.lock = 'snapshot-delete';
  });
  if (isTemplate(vm)) throw died("you can't delete a snapshot if vm is a template");
  snapshot.snapstate = 'delete';
  if (snapshot.vmstate !== undefined) {
    free(world, node, snapshot.vmstate);
    delete snapshot.vmstate;
  }
  for (const drive of disksOf(world, snapshot)) yield* removeFromVolume(world, worker, node, drive, name, force);
  yield* underLock(world, worker.process, vmid, () => {
    const { config } = vm;
    for (const section of [config.current, ...Object.values(config.snapshots)]) {
      if (section.parent !== name) continue;
      if (snapshot.parent === undefined) delete section.parent;
      else section.parent = snapshot.parent;
    }
    delete config.snapshots[name];
    delete config.current.lock;
  });
}

/** A volume that has no such snapshot, as after a killed task, fails unless forced. */
function* removeFromVolume(
  world: World,
  worker: Worker,
  node: string,
  drive: Drive,
  name: string,
  force: boolean,
): Steps<void> {
  yield* work(world, 'snapshot');
  const found = findVolume(world, node, drive.file);
  if (found?.volume.snapshots[name] !== undefined) {
    delete found.volume.snapshots[name];
    setUsed(found, Math.max(0, found.volume.used - DELTA_BYTES));
    return;
  }
  const problem = `VM ${found?.volume.vmid} snapshot '${name}' of '${drive.file}' not found`;
  if (!force) throw died(problem);
  worker.log(problem);
}

/** POST rollback. */
export function rollback(call: Call): string {
  const { world, params, node } = call;
  const vmid = Number(params.vmid);
  const name = required(params, 'snapname');
  const startAfter = flag(params, 'start');
  return world.tasks.fork(order(call, 'qmrollback'), worker => restore(world, worker, node, vmid, name, startAfter));
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

/** GET snapshot: all of them and `current`, which names its parent. */
export function listSnapshots({ world, node, params }: Call): unknown[] {
  const vm = vmOn(world, node, Number(params.vmid));
  return [
    ...Object.entries(vm.config.snapshots).map(([name, section]) => snapshotLine(name, section)),
    currentLine(vm),
  ];
}

function snapshotLine(name: string, section: Section): Record<string, unknown> {
  const { snaptime = '0', vmstate, description = '', parent, snapstate } = section;
  return {
    name,
    snaptime: Number(snaptime),
    vmstate: vmstate === undefined ? 0 : 1,
    description,
    ...(parent === undefined ? {} : { parent }),
    ...(snapstate === undefined ? {} : { snapstate }),
  };
}

function currentLine(vm: VmState): Record<string, unknown> {
  const { parent } = vm.config.current;
  const running = vm.run === undefined ? 0 : 1;
  const line = { name: 'current', digest: digestOf(vm.config), running, description: 'You are here!' };
  return parent === undefined ? line : { ...line, parent };
}

/** The section of a snapshot; throws if there is none. */
export function snapshotSection(vm: VmState, name: string): Section {
  const section = vm.config.snapshots[name];
  if (section === undefined) throw died(`snapshot '${name}' does not exist`);
  return section;
}
