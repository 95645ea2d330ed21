import { demandOnVm } from '../auth/permissions.ts';
import { PveError } from '../engine/errors.ts';
import { type Steps, sleep } from '../engine/process.ts';
import type { World } from '../engine/world.ts';
import type { VmState } from '../state/types.ts';
import { recordCloudinitChange, regenerateCloudinit } from './cloudinit.ts';
import { isCloudinit, isDriveKey, parseDrive } from './drives.ts';
import { isNetKey, type Net, parseNet } from './nets.ts';
import { destroyDrive, dropReused, retireDrive } from './unused.ts';

/** Options that have no effect on the running QEMU are in force at once [$fast_plug_option]. */
const FAST = new Set(
  (
    'description hookscript lock migrate_downtime migrate_speed name onboot protection shares startup tags ' +
    'vmstatestorage cicustom cipassword citype ciuser ciupgrade nameserver searchdomain sshkeys'
  ).split(' '),
);

const isFast = (key: string): boolean => FAST.has(key) || /^ipconfig\d+$/.test(key);

/** What is plugged while the VM runs, unless `hotplug` says otherwise. */
const DEFAULT_HOTPLUG = 'network,disk,usb';

/** Unplugging waits for the guest; one that does not answer holds a device this long [qemu_devicedelverify, 5 s]. */
const UNPLUG_TIMEOUT_MS = 5000;

/** Texts by option, of changes that could not be made. */
export type ApplyErrors = Record<string, string>;

/** Forgets pending changes that change nothing [cleanup_pending]. */
export function cleanUpPending({ config }: VmState): void {
  for (const [key, value] of Object.entries(config.pending)) {
    if (config.current[key] === value) delete config.pending[key];
  }
  for (const key of Object.keys(config.pendingDelete)) {
    if (config.current[key] === undefined) delete config.pendingDelete[key];
  }
}

/** Whether anything waits to be applied. */
export function hasPending({ config }: VmState): boolean {
  return Object.keys(config.pending).length > 0 || Object.keys(config.pendingDelete).length > 0;
}

/** Applies all pending changes of a VM that is off [vmconfig_apply_pending]. */
export function applyPending(world: World, vm: VmState, authid: string): void {
  if (!hasPending(vm)) return;
  const { current, pending, pendingDelete } = vm.config;
  for (const key of Object.keys(pendingDelete).sort()) {
    if (current[key] !== undefined && isDriveKey(key)) detach(world, vm, authid, key, pendingDelete[key] === 'force');
    delete pendingDelete[key];
    delete current[key];
  }
  cleanUpPending(vm);
  let newCloudinit = false;
  for (const [key, value] of Object.entries(pending)) {
    const old = current[key];
    if (isDriveKey(key)) {
      if (old !== undefined) retireDrive(world, vm, parseDrive(world.release, key, old));
      newCloudinit ||= isCloudinit(parseDrive(world.release, key, value));
    }
    current[key] = value;
    delete pending[key];
  }
  dropReused(world, vm);
  if (newCloudinit) regenerateCloudinit(vm);
}

function detach(world: World, vm: VmState, authid: string, key: string, force: boolean): void {
  const drive = parseDrive(world.release, key, vm.config.current[key] ?? '');
  if (force) {
    demandOnVm(world, authid, vm.vmid, ['VM.Config.Disk']);
    destroyDrive(world, vm, authid, drive, true);
  } else {
    retireDrive(world, vm, drive);
  }
}

/** Applies what can be changed while QEMU runs; the rest stays pending [vmconfig_hotplug_pending]. */
export function* hotplugPending(world: World, vm: VmState, authid: string, keys: Set<string>): Steps<ApplyErrors> {
  const errors: ApplyErrors = {};
  const { current, pending, pendingDelete } = vm.config;
  for (const [key, value] of Object.entries(pending)) {
    if (!isFast(key)) continue;
    recordCloudinitChange(vm, key, current[key], value);
    current[key] = value;
    delete pending[key];
  }
  const features = hotplugFeatures(current.hotplug);
  for (const key of Object.keys(pendingDelete).sort()) {
    if (!keys.has(key)) continue;
    yield* attempt(errors, key, () => unplug(world, vm, authid, features, key));
  }
  for (const key of Object.keys(pending)) {
    const value = pending[key];
    if (!keys.has(key) || value === undefined) continue;
    yield* attempt(errors, key, () => plug(world, vm, features, key, value));
  }
  dropReused(world, vm);
  return errors;
}

function* attempt(errors: ApplyErrors, key: string, change: () => Steps<void>): Steps<void> {
  try {
    yield* change();
  } catch (error) {
    if (!(error instanceof PveError)) throw error;
    errors[key] = `hotplug problem - ${error.text}\n`;
  }
}

function hotplugFeatures(value: string | undefined): Set<string> {
  if (value === '0') return new Set();
  return new Set((value === undefined || value === '1' ? DEFAULT_HOTPLUG : value).split(/[,;\s]+/));
}

function* unplug(world: World, vm: VmState, authid: string, features: Set<string>, key: string): Steps<void> {
  const { current, pendingDelete } = vm.config;
  if (isNetKey(key)) {
    if (!features.has('network')) return;
    yield* unplugDevice(world, vm);
  } else if (isDriveKey(key)) {
    if (!features.has('disk') || /^(?:efidisk|ide|sata|tpmstate)/.test(key)) return;
    yield* unplugDevice(world, vm);
    detach(world, vm, authid, key, pendingDelete[key] === 'force');
  } else if (!isPluggable(key, features, current[key]) && !isFast(key)) {
    return;
  }
  recordCloudinitChange(vm, key, current[key], undefined);
  delete current[key];
  delete pendingDelete[key];
}

/** Options whose value QEMU or the kernel takes over at once. */
function isPluggable(key: string, features: Set<string>, old: string | undefined): boolean {
  if (key === 'vcpus') return features.has('cpu');
  if (key === 'memory') return features.has('memory');
  if (key === 'balloon') return old !== '0';
  return key === 'cpuunits' || key === 'cpulimit';
}

/** The guest lets go of a device; one without a system takes longer, and the firmware lets go too. */
function* unplugDevice(world: World, vm: VmState): Steps<void> {
  const booted = vm.run?.bootedAt;
  const ms =
    typeof booted === 'number' && booted <= world.clock.now()
      ? world.durations.unplug.ms
      : world.durations.unplug.ms / 2;
  yield sleep(world.clock, Math.min(ms, UNPLUG_TIMEOUT_MS));
}

function* plug(world: World, vm: VmState, features: Set<string>, key: string, value: string): Steps<void> {
  const { current, pending } = vm.config;
  if (isNetKey(key)) {
    if (!(yield* plugNet(world, vm, features, key, value))) return;
  } else if (isDriveKey(key)) {
    if (!(yield* plugDrive(world, vm, features, key, value))) return;
  } else if (key === 'balloon') {
    if ((current.balloon === '0') !== (value === '0')) return;
  } else if (key === 'agent') {
    if (!changesOnlyAgentOptions(current.agent, value)) return;
  } else if (!isPluggable(key, features, current[key])) {
    return;
  }
  recordCloudinitChange(vm, key, current[key], value);
  current[key] = value;
  delete pending[key];
}

/** `fstrim_cloned_disks` and `freeze-fs-on-backup` are ours; `enabled` and `type` are QEMU's. */
function changesOnlyAgentOptions(old: string | undefined, value: string): boolean {
  const head = (agent: string) => `${/(?:^|enabled=)([01])/.exec(agent)?.[1]} ${/type=(\w+)/.exec(agent)?.[1]}`;
  return old !== undefined && head(old) === head(value);
}

function* plugNet(world: World, vm: VmState, features: Set<string>, key: string, value: string): Steps<boolean> {
  const old = vm.config.current[key];
  const next = parseNet(world.release, value);
  if (old !== undefined && !isReplaced(parseNet(world.release, old), next)) {
    demandBridgeExists(world, vm, next);
    return true;
  }
  if (!features.has('network')) return false;
  if (old !== undefined) yield* unplugDevice(world, vm);
  demandBridgeExists(world, vm, next);
  yield sleep(world.clock, world.durations.qmreset.ms);
  return true;
}

/** The link, bridge, tag, rate and firewall change in place; another card does not. */
function isReplaced(old: Net, next: Net): boolean {
  return old.model !== next.model || old.macaddr !== next.macaddr || old.options.queues !== next.options.queues;
}

/** What Perl's `die` leaves as a wait status: errno 25, shifted. */
const BRIDGE_SCRIPT_STATUS = 6400;

function demandBridgeExists(world: World, vm: VmState, { options }: Net): void {
  const { bridge } = options;
  if (bridge === undefined) return;
  if (world.state.nodes[vm.node]?.bridges.some(({ name }) => name === bridge)) return;
  const script = '/usr/libexec/qemu-server/pve-bridge-hotplug';
  const reason = `network script ${script} failed with status ${BRIDGE_SCRIPT_STATUS}`;
  throw new PveError(`VM ${vm.vmid} qmp command 'netdev_add' failed - ${reason}`);
}

function* plugDrive(world: World, vm: VmState, features: Set<string>, key: string, value: string): Steps<boolean> {
  const next = parseDrive(world.release, key, value);
  const oldText = vm.config.current[key];
  const old = oldText === undefined ? undefined : parseDrive(world.release, key, oldText);
  if (key === 'efidisk0' || key === 'tpmstate0') return false;
  if (old !== undefined && old.options.media === 'cdrom' && next.options.media === 'cdrom') return true;
  if (old !== undefined && old.file === next.file) return !changesDevice(old.options, next.options);
  if (!features.has('disk') || /^(?:ide|sata)/.test(key)) return false;
  if (old !== undefined) {
    yield* unplugDevice(world, vm);
    retireDrive(world, vm, old);
  }
  yield sleep(world.clock, world.durations.qmreset.ms);
  return true;
}

/** These belong to the device that the guest sees; limits, backup and replication do not. */
const DEVICE_OPTIONS = ['aio', 'cache', 'discard', 'iothread', 'queues', 'serial', 'ssd', 'ro', 'wwn', 'detect_zeroes'];

function changesDevice(old: Record<string, string>, next: Record<string, string>): boolean {
  return DEVICE_OPTIONS.some(option => old[option] !== next[option]);
}
