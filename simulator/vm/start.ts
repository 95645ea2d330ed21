import { died } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import { type Call, flag, type World } from '../engine/world.ts';
import type { VmState } from '../state/types.ts';
import { findVolume, free } from '../storage/volumes.ts';
import { demandSnippets, hasCloudinit, regenerateCloudinit } from './cloudinit.ts';
import { demandQuorum } from './cluster.ts';
import { checkLock, isTemplate, vmOn } from './config.ts';
import { work } from './disks.ts';
import { drivesOf } from './drives.ts';
import { forkOnVm } from './fork.ts';
import { bootTime } from './guest.ts';
import { isHaManaged, requestHa } from './ha-request.ts';
import { underLock } from './lock.ts';
import { memoryOf } from './memory.ts';
import { applyPending } from './pending.ts';
import { demandRootFor } from './root-only.ts';

/** QEMU's machine type, where the configuration names none. */
const MACHINE = 'pc-i440fx-10.0+pve0';

/** POST status/start. */
export function startVm(call: Call): string {
  const { world, params, node, who } = call;
  demandRootFor(who, params, 'stateuri', 'skiplock', 'migratedfrom', 'migration_type', 'migration_network');
  demandRootFor(who, params, 'targetstorage', 'force-cpu');
  demandQuorum(world);
  const vmid = Number(params.vmid);
  if (isHaManaged(world, vmid)) return requestHa(call, 'hastart', 'start', 'started');
  const skiplock = flag(params, 'skiplock');
  return forkOnVm(call, 'qmstart', worker =>
    underLock(world, worker.process, vmid, () =>
      start(world, vmOn(world, node, vmid), who.authid, skiplock, worker.log),
    ),
  );
}

/** Starts QEMU; the lock is held [vm_start]. */
export function* start(
  world: World,
  vm: VmState,
  authid: string,
  skiplock: boolean,
  log: (line: string) => void,
): Steps<void> {
  if (isTemplate(vm)) throw died("you can't start a vm if it's a template");
  const { current } = vm.config;
  if (current.lock === 'backup' && vm.run !== undefined) {
    vm.run.status = 'running';
    return;
  }
  if (!skiplock && current.lock !== 'suspended') checkLock(vm);
  if (vm.run !== undefined) throw died(`VM ${vm.vmid} already running`);
  const resuming = current.lock === 'suspended' || current.vmstate !== undefined;
  if (!resuming) applyPending(world, vm, authid);
  if (hasCloudinit(world, current)) {
    demandSnippets(world, vm);
    log('generating cloud-init ISO');
    regenerateCloudinit(vm);
  }
  if (resuming) log('Resuming suspended VM');
  demandVolumes(world, vm);
  demandMemory(world, vm);
  yield* work(world, 'qmstart');
  const node = world.state.nodes[vm.node];
  if (node === undefined) throw new Error(`no node ${vm.node}`);
  node.lastPid += 20;
  vm.run = {
    pid: node.lastPid,
    startedAt: world.clock.now(),
    status: 'running',
    bootedAt: resuming ? world.clock.now() : bootTime(world, vm),
    machine: current.runningmachine ?? MACHINE,
  };
  if (resuming) dropState(world, vm, log);
}

/** Every volume must be there; a missing one is named. */
function demandVolumes(world: World, vm: VmState): void {
  for (const { file } of drivesOf(world.release, vm.config.current)) {
    if (!file.includes(':') || findVolume(world, vm.node, file) !== undefined) continue;
    throw died(`volume '${file}' does not exist`);
  }
}

/** QEMU cannot have more memory than the node. */
function demandMemory(world: World, vm: VmState): void {
  const total = world.state.nodes[vm.node]?.memory ?? 0;
  const running = Object.values(world.state.vms).filter(other => other.node === vm.node && other.run !== undefined);
  const used = running.reduce((sum, other) => sum + memoryOf(other.config.current), 0);
  if (used + memoryOf(vm.config.current) <= total) return;
  const command = '/usr/bin/kvm';
  throw died(`start failed: command '${command}' failed: exit code 1`);
}

/** A VM that was resumed has its state no more. */
function dropState(world: World, vm: VmState, log: (line: string) => void): void {
  const { current } = vm.config;
  if (current.vmstate !== undefined) {
    log(`activating and using '${current.vmstate}' as vmstate`);
    log('Resumed VM, removing state');
    free(world, vm.node, current.vmstate);
  }
  for (const key of ['lock', 'vmstate', 'runningmachine', 'runningcpu']) delete current[key];
}

/** Starts a VM as Proxmox itself does it: after a reboot, or at the boot of its node. */
export function startAsRoot(world: World, vm: VmState): void {
  const order = { node: vm.node, type: 'qmstart', id: String(vm.vmid), authid: 'root@pam' };
  world.tasks.fork(order, worker =>
    underLock(world, worker.process, vm.vmid, () => start(world, vm, 'root@pam', false, worker.log)),
  );
}
