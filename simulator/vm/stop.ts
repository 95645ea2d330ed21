import { badParameters, died, PveError } from '../engine/errors.ts';
import { type Steps, sleep } from '../engine/process.ts';
import { type Call, flag, number, type World } from '../engine/world.ts';
import type { VmState } from '../state/types.ts';
import type { Worker } from '../tasks/tasks.ts';
import { assertOnNode, checkLock, vmOn } from './config.ts';
import { work } from './disks.ts';
import { forkOnVm } from './fork.ts';
import { agentEnabled, bootTime, hasAgent, isBooted } from './guest.ts';
import { isHaManaged, requestHa } from './ha-request.ts';
import { underLock } from './lock.ts';
import { applyPending } from './pending.ts';
import { demandRootFor } from './root-only.ts';
import { startAsRoot } from './start.ts';

/** A guest has this long to shut down, and QEMU to quit, unless the call says otherwise. */
const STOP_TIMEOUT_S = 60;

/** The agent's ping before a shutdown waits this long. */
const PING_MS = 3000;

/** qmeventd starts a VM that stopped for a reboot this much later. */
const REBOOT_MS = 500;

/** POST status/stop. */
export function stopVm(call: Call): string {
  const { world, params, node, who } = call;
  demandRootFor(who, params, 'skiplock', 'keepActive', 'migratedfrom');
  const vmid = Number(params.vmid);
  const overrule = flag(params, 'overrule-shutdown');
  if (isHaManaged(world, vmid)) {
    if (overrule) throw badParameters({ 'overrule-shutdown': 'Not applicable for HA resources.' });
    return requestHa(call, 'hastop', 'stop', 'stopped');
  }
  return forkOnVm(call, 'qmstop', function* (worker) {
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
  if (isHaManaged(world, vmid)) return requestHa(call, 'hastop', 'stop', 'stopped');
  const timeout = number(params, 'timeout');
  const skiplock = flag(params, 'skiplock');
  return forkOnVm(call, 'qmshutdown', worker =>
    underLock(world, worker.process, vmid, () =>
      paused
        ? quit(world, node, vmid, skiplock, worker)
        : shutdown(world, node, vmid, { timeout, force, skiplock }, worker),
    ),
  );
}

/** Shuts a VM down as Proxmox itself does it, and stops it if that takes too long. */
export function stopAsRoot(world: World, vm: VmState): void {
  const order = { node: vm.node, type: 'qmshutdown', id: String(vm.vmid), authid: 'root@pam' };
  const options = { timeout: undefined, force: true, skiplock: false };
  world.tasks.fork(order, worker =>
    underLock(world, worker.process, vm.vmid, () => shutdown(world, vm.node, vm.vmid, options, worker)),
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
  return forkOnVm(call, 'qmreboot', worker =>
    underLock(world, worker.process, vmid, function* () {
      yield* shutdown(world, node, vmid, { timeout, force: false, skiplock: false }, worker);
      world.clock.at(world.clock.now() + REBOOT_MS, () => startAgain(world, vm));
    }),
  );
}

function startAgain(world: World, vm: VmState): void {
  if (world.state.vms[vm.vmid] === vm && vm.run === undefined) startAsRoot(world, vm);
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
  return forkOnVm(call, 'qmreset', worker =>
    underLock(world, worker.process, vmid, function* () {
      const vm = vmOn(world, node, vmid);
      if (!flag(params, 'skiplock')) checkLock(vm);
      yield* work(world, 'qmreset');
      if (vm.run !== undefined) {
        vm.run.bootedAt = bootTime(world, vm);
        vm.run.resets = (vm.run.resets ?? 0) + 1;
      }
    }),
  );
}
