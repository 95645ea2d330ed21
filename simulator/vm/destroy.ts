import { leavePool } from '../auth/membership.ts';
import { demandWritable } from '../engine/cluster-files.ts';
import { died, PveError } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import { type Call, flag, type World } from '../engine/world.ts';
import type { Section, VmState } from '../state/types.ts';
import { abilityOf } from '../storage/layout.ts';
import { findVolume, free, isBaseInUse, isOnNode, placeOf, usableStorage, volumesOfVm } from '../storage/volumes.ts';
import type { Worker } from '../tasks/tasks.ts';
import { checkLock, checkProtection, emptyConfig, isTemplate, vmOn } from './config.ts';
import { work } from './disks.ts';
import { drivesOf, isCdrom } from './drives.ts';
import { underLock } from './lock.ts';
import { demandRootFor } from './root-only.ts';

interface Options {
  purge: boolean;
  unreferenced: boolean;
  skiplock: boolean;
}

/** DELETE of a VM: the checks, then a task that repeats them under the lock. */
export function destroyVm(call: Call): string {
  const { world, params, node, who } = call;
  demandRootFor(who, params, 'skiplock');
  const vmid = Number(params.vmid);
  const options = {
    purge: flag(params, 'purge'),
    unreferenced: flag(params, 'destroy-unreferenced-disks'),
    skiplock: flag(params, 'skiplock'),
  };
  checkDestroyable(world, node, vmid, options);
  return world.tasks.fork({ node, type: 'qmdestroy', id: String(vmid), authid: who.authid }, worker =>
    underLock(world, worker.process, vmid, () => destroy(world, worker, node, vmid, options)),
  );
}

function checkDestroyable(world: World, node: string, vmid: number, options: Options): VmState {
  const vm = vmOn(world, node, vmid);
  checkProtection(vm, `can't remove VM ${vmid}`);
  if (world.state.ha[`vm:${vmid}`] !== undefined && !options.purge) {
    throw died(`unable to remove VM ${vmid} - used in HA resources and purge parameter not set.`);
  }
  if (vm.run !== undefined) throw died(`VM ${vmid} is running - destroy failed`);
  return vm;
}

function* destroy(world: World, worker: Worker, node: string, vmid: number, options: Options): Steps<void> {
  const vm = checkDestroyable(world, node, vmid, options);
  if (!options.skiplock && vm.config.current.lock !== 'suspended') checkLock(vm);
  if (isTemplate(vm)) demandNoLinks(world, vm);
  yield* freeVolumes(world, worker, vm, options.unreferenced);
  demandWritable(world, node, vmid);
  vm.config = { ...emptyConfig(), current: { lock: 'destroyed' } };
  yield* work(world, 'finish');
  removeTraces(world, vmid);
  if (options.purge) {
    worker.log(`purging VM ${vmid} from related configurations..`);
    if (world.state.ha[`vm:${vmid}`] !== undefined) {
      delete world.state.ha[`vm:${vmid}`];
      worker.log(`NOTE: removed VM ${vmid} from HA resource configuration.`);
    }
  }
  delete world.state.vms[vmid];
}

/** Thin LVM does not name bases, so that nothing is found there. */
function demandNoLinks(world: World, vm: VmState): void {
  for (const drive of drivesOf(world.release, vm.config.current)) {
    const found = isCdrom(drive) ? undefined : findVolume(world, vm.node, drive.file);
    if (found !== undefined && found.storage.type !== 'lvmthin' && isBaseInUse(found)) {
      throw died(`base volume '${drive.file}' is still in use by linked cloned`);
    }
  }
}

function* freeVolumes(world: World, worker: Worker, vm: VmState, unreferenced: boolean): Steps<void> {
  const { current, pending, snapshots } = vm.config;
  const volids = new Set([current, pending, ...Object.values(snapshots)].flatMap(section => volumesIn(world, section)));
  if (unreferenced) for (const volid of allVolumes(world, vm)) volids.add(volid);
  for (const volid of volids) {
    const found = findVolume(world, vm.node, volid);
    if (found?.volume.vmid !== vm.vmid) continue;
    try {
      usableStorage(world, found.storage.id, vm.node);
      if (!abilityOf(found.storage).files) worker.log(`  Logical volume "${found.name}" successfully removed.`);
      yield* work(world, 'free');
      free(world, vm.node, volid);
    } catch (error) {
      if (!(error instanceof PveError)) throw error;
      // Before 9 it is only said, and the task is OK.
      const say = world.release === '8.4' ? worker.log : worker.warn;
      say(`Could not remove disk '${volid}', check manually: ${error.text}`);
    }
  }
}

function volumesIn(world: World, section: Section): string[] {
  const drives = drivesOf(world.release, section).map(drive => drive.file);
  const unused = Object.keys(section).filter(key => /^unused\d+$/.test(key) || key === 'vmstate');
  return [...drives, ...unused.map(key => section[key] ?? '')];
}

/** All images with the VM's number, on every storage that the node sees. */
function allVolumes(world: World, vm: VmState): string[] {
  return Object.values(world.state.storages)
    .filter(storage => storage.enabled && isOnNode(storage, vm.node))
    .flatMap(storage => volumesOfVm(storage, placeOf(storage, vm.node), vm.vmid));
}

/** Rights, pool and firewall rules go with the VM [remove_vm_access, remove_vmfw_conf]. */
function removeTraces(world: World, vmid: number): void {
  const { access, firewall } = world.state;
  access.acl = access.acl.filter(entry => entry.path !== `/vms/${vmid}`);
  leavePool(world.state, vmid);
  delete firewall[`vm/${vmid}`];
}
