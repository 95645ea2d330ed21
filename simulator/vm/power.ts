import { badParameters, died, PveError } from '../engine/errors.ts';
import { type Steps, sleep } from '../engine/process.ts';
import { type Call, flag, number, type World } from '../engine/world.ts';
import type { Section, VmState } from '../state/types.ts';
import { findVolume, free } from '../storage/volumes.ts';
import type { Worker } from '../tasks/tasks.ts';
import { hasCloudinit, regenerateCloudinit } from './cloudinit.ts';
import { demandQuorum } from './cluster.ts';
import { assertOnNode, checkLock, isTemplate, vmOn } from './config.ts';
import { work } from './disks.ts';
import { drivesOf } from './drives.ts';
import { agentEnabled, bootTime, hasAgent, isBooted } from './guest.ts';
import { applyPending } from './pending.ts';
import { demandRootFor, underLock } from './update.ts';

/** QEMU's machine type, where the configuration names none. */
const MACHINE = 'pc-i440fx-10.0+pve0';

/** A guest has this long to shut down, and QEMU to quit, unless the call says otherwise. */
const STOP_TIMEOUT_S = 60;

/** The agent's ping before a shutdown waits this long. */
const PING_MS = 3000;

/** qmeventd starts a VM that stopped for a reboot this much later. */
const REBOOT_MS = 500;

/** What most calls on a VM's power have in common: its lock, its task and its own text for a missing VM. */
export function forkPower(call: Call, type: string, body: (worker: Worker) => Steps<void>): string {
  const { world, node, who, params } = call;
  return world.tasks.fork({ node, type, id: String(params.vmid), authid: who.authid }, body);
}

/** POST status/start. */
export function startVm(call: Call): string {
  const { world, params, node, who } = call;
  demandRootFor(who, params, 'stateuri', 'skiplock', 'migratedfrom', 'migration_type', 'migration_network');
  demandRootFor(who, params, 'targetstorage', 'force-cpu');
  demandQuorum(world);
  const vmid = Number(params.vmid);
  if (world.state.ha[`vm:${vmid}`] !== undefined) return requestHa(call, 'hastart', 'start', 'started');
  const skiplock = flag(params, 'skiplock');
  return forkPower(call, 'qmstart', worker =>
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

/** The memory of a VM in bytes. */
export function memoryOf(section: Section): number {
  return Number(/\d+/.exec(section.memory ?? '512')?.[0]) * 2 ** 20;
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

/** POST status/stop. */
export function stopVm(call: Call): string {
  const { world, params, node, who } = call;
  demandRootFor(who, params, 'skiplock', 'keepActive', 'migratedfrom');
  const vmid = Number(params.vmid);
  const overrule = flag(params, 'overrule-shutdown');
  if (world.state.ha[`vm:${vmid}`] !== undefined) {
    if (overrule) throw badParameters({ 'overrule-shutdown': 'Not applicable for HA resources.' });
    return requestHa(call, 'hastop', 'stop', 'stopped');
  }
  return forkPower(call, 'qmstop', function* (worker) {
    if (overrule) abortShutdowns(world, vmid, worker);
    yield* underLock(world, worker.process, vmid, () => quit(world, node, vmid, flag(params, 'skiplock'), worker));
  });
}

function abortShutdowns(world: World, vmid: number, worker: Worker): void {
  const { authid } = worker.task;
  const owner = authid.split('!')[0];
  const running = world.tasks.running().filter(task => task.type === 'qmshutdown' && task.id === String(vmid));
  const own = running.filter(task => task.authid.split('!')[0] === owner);
  for (const task of own) world.tasks.stop(task.upid);
  if (own.length > 0) worker.log(`overruled qmshutdown tasks: ${own.map(task => task.upid).join(', ')}`);
}

/** Quits QEMU; a VM that is off is left alone, even a locked one. */
function* quit(world: World, node: string, vmid: number, skiplock: boolean, worker: Worker): Steps<void> {
  const vm = assertOnNode(world, node, vmid);
  if (vm.run === undefined) return;
  if (!skiplock) checkLock(vmOn(world, node, vmid));
  yield* work(world, 'qmstop');
  stopped(world, vm, worker.task.authid);
}

/** QEMU has ended. What was pending is in force from now on. */
export function stopped(world: World, vm: VmState, authid: string): void {
  delete vm.run;
  vm.guest.processes = {};
  applyPending(world, vm, authid);
}

/** POST status/shutdown. */
export function shutdownVm(call: Call): string {
  const { world, params, node, who } = call;
  demandRootFor(who, params, 'skiplock', 'keepActive');
  const vmid = Number(params.vmid);
  const force = flag(params, 'forceStop');
  const vm = world.state.vms[vmid];
  const paused = vm?.node === node && isPaused(vm);
  if (paused && !force) throw died('VM is paused - cannot shutdown');
  if (world.state.ha[`vm:${vmid}`] !== undefined) return requestHa(call, 'hastop', 'stop', 'stopped');
  const timeout = number(params, 'timeout');
  const skiplock = flag(params, 'skiplock');
  return forkPower(call, 'qmshutdown', worker =>
    underLock(world, worker.process, vmid, () =>
      paused
        ? quit(world, node, vmid, skiplock, worker)
        : shutdown(world, node, vmid, { timeout, force, skiplock }, worker),
    ),
  );
}

function isPaused(vm: VmState): boolean {
  return vm.run !== undefined && vm.run.status !== 'running';
}

interface ShutdownOptions {
  timeout: number | undefined;
  force: boolean;
  skiplock: boolean;
}

/** Asks the guest to shut down, by its agent or by ACPI, and waits [_do_vm_stop]. */
function* shutdown(world: World, node: string, vmid: number, options: ShutdownOptions, worker: Worker): Steps<void> {
  const vm = assertOnNode(world, node, vmid);
  if (vm.run === undefined) return;
  if (!options.skiplock) checkLock(vm);
  yield* pingAgent(world, vm, worker);
  const timeoutS = options.timeout ?? downDelay(vm) ?? STOP_TIMEOUT_S;
  const listens = isBooted(world, vm) && !vm.guest.ignoresShutdown;
  const ms = listens ? vm.guest.shutdownMs : Number.POSITIVE_INFINITY;
  yield sleep(world.clock, Math.min(ms, timeoutS * 1000));
  if (ms > timeoutS * 1000) {
    if (!options.force) throw died('VM quit/powerdown failed - got timeout');
    worker.log('VM still running - terminating now with SIGTERM');
    yield* work(world, 'qmstop');
  }
  stopped(world, vm, worker.task.authid);
}

/** The agent is tried first where there should be one. A signal during the ping is only noted. */
function* pingAgent(world: World, vm: VmState, worker: Worker): Steps<void> {
  if (!agentEnabled(vm) || hasAgent(world, vm)) return;
  try {
    yield sleep(world.clock, PING_MS);
    worker.log(`QEMU Guest Agent is not running - VM ${vm.vmid} qmp command 'guest-ping' failed - got timeout`);
  } catch (error) {
    if (!(error instanceof PveError)) throw error;
    worker.log(`QEMU Guest Agent is not running - ${error.message}`);
  }
}

/** `down=` of the option `startup`. */
function downDelay(vm: VmState): number | undefined {
  const down = /(?:^|,)down=(\d+)/.exec(vm.config.current.startup ?? '')?.[1];
  return down === undefined ? undefined : Number(down);
}

/** POST status/reboot: the task ends when the VM has stopped; it is started right afterwards. */
export function rebootVm(call: Call): string {
  const { world, params, node } = call;
  const vmid = Number(params.vmid);
  const vm = runningVm(world, node, vmid, () => 'VM is paused - cannot shutdown');
  const timeout = number(params, 'timeout');
  return forkPower(call, 'qmreboot', worker =>
    underLock(world, worker.process, vmid, function* () {
      yield* shutdown(world, node, vmid, { timeout, force: false, skiplock: false }, worker);
      world.clock.at(world.clock.now() + REBOOT_MS, () => startAgain(world, vm));
    }),
  );
}

function startAgain(world: World, vm: VmState): void {
  if (world.state.vms[vm.vmid] === vm && vm.run === undefined) startAsRoot(world, vm);
}

/** Starts a VM as Proxmox itself does it: after a reboot, or at the boot of its node. */
export function startAsRoot(world: World, vm: VmState): void {
  const order = { node: vm.node, type: 'qmstart', id: String(vm.vmid), authid: 'root@pam' };
  world.tasks.fork(order, worker =>
    underLock(world, worker.process, vm.vmid, () => start(world, vm, 'root@pam', false, worker.log)),
  );
}

/** The VM if QEMU runs; throws the words of the calls that need that. `paused` gives the text for a paused one. */
function runningVm(world: World, node: string, vmid: number, paused?: () => string): VmState {
  const vm = assertOnNode(world, node, vmid);
  if (paused !== undefined && isPaused(vm)) throw died(paused());
  if (vm.run === undefined) throw died(`VM ${vmid} not running`);
  return vm;
}

/** POST status/reset. */
export function resetVm(call: Call): string {
  const { world, params, node, who } = call;
  demandRootFor(who, params, 'skiplock');
  const vmid = Number(params.vmid);
  runningVm(world, node, vmid);
  return forkPower(call, 'qmreset', worker =>
    underLock(world, worker.process, vmid, function* () {
      const vm = vmOn(world, node, vmid);
      if (!flag(params, 'skiplock')) checkLock(vm);
      yield* work(world, 'qmreset');
      if (vm.run !== undefined) vm.run.bootedAt = bootTime(world, vm);
    }),
  );
}

/** Requests to the HA stack: the task is done when the request is noted. */
function requestHa(call: Call, type: string, verb: string, state: string): string {
  const { world, params } = call;
  const vmid = Number(params.vmid);
  return forkPower(call, type, function* (worker) {
    worker.log(`Requesting HA ${verb} for VM ${vmid}`);
    yield sleep(world.clock, 600);
    const resource = world.state.ha[`vm:${vmid}`];
    if (resource !== undefined) resource.state = state;
  });
}
