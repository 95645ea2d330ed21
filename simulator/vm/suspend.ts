import { demand, demandOnVm } from '../auth/permissions.ts';
import { demandWritable } from '../engine/cluster-files.ts';
import { died } from '../engine/errors.ts';
import { type Steps, sleep } from '../engine/process.ts';
import { type Call, flag, text, type World } from '../engine/world.ts';
import type { Worker } from '../tasks/tasks.ts';
import { assertOnNode, checkLock, isTemplate, vmOn } from './config.ts';
import { work } from './disks.ts';
import { forkOnVm } from './fork.ts';
import { underLock } from './lock.ts';
import { memoryOf } from './memory.ts';
import { demandRootFor } from './root-only.ts';
import { start } from './start.ts';
import { allocateState, vmstateStorage } from './vmstate.ts';

/** How often the progress of saving is looked at. */
const POLL_MS = 1000;

/** POST status/suspend: pauses, or hibernates with `todisk`. */
export function suspendVm(call: Call): string {
  const { world, params, node, who } = call;
  demandRootFor(who, params, 'skiplock');
  const vmid = Number(params.vmid);
  if (assertOnNode(world, node, vmid).run === undefined) throw died(`VM ${vmid} not running`);
  const skiplock = flag(params, 'skiplock');
  if (!flag(params, 'todisk')) return forkOnVm(call, 'qmpause', worker => pause(world, worker, node, vmid, skiplock));
  if (world.state.ha[`vm:${vmid}`] !== undefined) throw died('Cannot suspend HA managed VM to disk');
  demandOnVm(world, who.authid, vmid, ['VM.Config.Disk']);
  const vm = vmOn(world, node, vmid);
  const storage = text(params, 'statestorage') ?? vmstateStorage(world, vm);
  demand(world, who.authid, `/storage/${storage}`, ['Datastore.AllocateSpace']);
  return forkOnVm(call, 'qmsuspend', worker => hibernate(world, worker, node, vmid, storage, skiplock));
}

/** A backup's lock does not keep from pausing. */
function pause(world: World, worker: Worker, node: string, vmid: number, skiplock: boolean): Steps<void> {
  return underLock(world, worker.process, vmid, function* () {
    const vm = vmOn(world, node, vmid);
    if (!skiplock && vm.config.current.lock !== 'backup') checkLock(vm);
    yield* work(world, 'qmpause');
    if (vm.run !== undefined) vm.run.status = 'paused';
  });
}

function* hibernate(
  world: World,
  worker: Worker,
  node: string,
  vmid: number,
  storage: string,
  skiplock: boolean,
): Steps<void> {
  const vm = yield* underLock(world, worker.process, vmid, () => {
    const found = vmOn(world, node, vmid);
    if (!skiplock) checkLock(found);
    demandWritable(world, node, vmid);
    const date = new Date(world.clock.now()).toISOString().slice(0, 10);
    Object.assign(found.config.current, allocateState(world, worker, found, `suspend-${date}`, storage));
    found.config.current.lock = 'suspending';
    return found;
  });
  yield* work(world, 'vmstate', memoryOf(vm.config.current));
  yield sleep(world.clock, POLL_MS);
  worker.log('State saved, quitting');
  yield* underLock(world, worker.process, vmid, () => {
    vm.config.current.lock = 'suspended';
    delete vm.run;
  });
}

/** POST status/resume: of a paused VM, or of a hibernated one by starting it. */
export function resumeVm(call: Call): string {
  const { world, params, node, who } = call;
  demandRootFor(who, params, 'skiplock', 'nocheck');
  const vmid = Number(params.vmid);
  const vm = world.state.vms[vmid];
  const hibernated = vm?.node === node && vm.config.current.lock === 'suspended';
  if (!hibernated && assertOnNode(world, node, vmid).run === undefined) throw died(`VM ${vmid} not running`);
  const skiplock = flag(params, 'skiplock');
  return forkOnVm(call, 'qmresume', worker =>
    underLock(world, worker.process, vmid, () =>
      hibernated
        ? start(world, vmOn(world, node, vmid), who.authid, skiplock, worker.log)
        : resume(world, node, vmid, skiplock),
    ),
  );
}

function* resume(world: World, node: string, vmid: number, skiplock: boolean): Steps<void> {
  const vm = vmOn(world, node, vmid);
  if (isTemplate(vm)) throw died(`VM ${vmid} is a template and cannot be resumed!`);
  if (vm.run === undefined || vm.run.status === 'running') return;
  if (!skiplock && vm.config.current.lock !== 'backup') checkLock(vm);
  yield* work(world, 'qmpause');
  vm.run.status = 'running';
}
