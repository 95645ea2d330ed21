import { demandWritable } from '../engine/cluster-files.ts';
import { died } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import { type Call, flag, required, type World } from '../engine/world.ts';
import { findVolume, free, setUsed } from '../storage/volumes.ts';
import type { Worker } from '../tasks/tasks.ts';
import { checkLock, isTemplate, vmOn } from './config.ts';
import { work } from './disks.ts';
import type { Drive } from './drives.ts';
import { forkOnVm } from './fork.ts';
import { underLock } from './lock.ts';
import { DELTA_BYTES, disksOf } from './snapshots.ts';

/** DELETE snapshot. */
export function deleteSnapshot(call: Call): string {
  const { world, params, node } = call;
  const vmid = Number(params.vmid);
  const name = required(params, 'snapname');
  const force = flag(params, 'force');
  return forkOnVm(call, 'qmdelsnapshot', worker => remove(world, worker, node, vmid, name, force));
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
