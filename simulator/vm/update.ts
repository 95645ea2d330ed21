import { demandBridge, demandOnVm } from '../auth/permissions.ts';
import { demandWritable } from '../engine/cluster-files.ts';
import { badParameters, died } from '../engine/errors.ts';
import type { Mortal, Steps } from '../engine/process.ts';
import { type Call, flag, type Identity, type Params, text, type World } from '../engine/world.ts';
import type { Section, VmState } from '../state/types.ts';
import { checkDriveParameters, demandDrives } from './access.ts';
import { bootOrderOf, printBootOrder } from './boot.ts';
import { checkLock, checkProtection, digestOf, lockFileOf, optionExists, vmOn } from './config.ts';
import { createDisks } from './disks.ts';
import { isCdrom, isDriveKey, parseDrive, printDrive } from './drives.ts';
import { isNetKey, parseNet, printNet } from './nets.ts';
import { demandDevices, demandDriveChange, demandOptions } from './option-rights.ts';
import { applyPending, cleanUpPending, hasPending, hotplugPending } from './pending.ts';
import { validateSshKeys } from './ssh-keys.ts';
import { uniqueTags } from './tags.ts';
import { destroyDrive, retireDrive } from './unused.ts';

/** PUT and POST config wait this long for the file lock [PVE::AbstractConfig::lock_config]. */
export const CONFIG_LOCK_MS = 10_000;

/** A change that passed all checks which need no lock. */
export interface Change {
  node: string;
  vmid: number;
  who: Identity;
  set: Section;
  delete: string[];
  revert: Set<string>;
  force: boolean;
  skiplock: boolean;
  digest: string | undefined;
  /** The parameters as they were given, for the log. */
  asGiven: string;
}

/** Parameters that are not options. */
const CONTROL = new Set(
  'node vmid digest background_delay skiplock delete revert force import-working-storage skip_cloud_init'.split(' '),
);

/** Throws unless a root-only parameter is used by root with a ticket. */
export function demandRootFor(who: Identity, params: Params, ...names: string[]): void {
  for (const name of names) {
    if (flagOrText(params, name) && who.authid !== 'root@pam') {
      throw badParameters({ [name]: 'Only root may use this option.' });
    }
  }
}

function flagOrText(params: Params, name: string): boolean {
  const value = params[name];
  return value !== undefined && value !== 0 && value !== '';
}

/** Checks a change of the configuration as far as that goes without the lock [$update_vm_api]. */
export function checkChange({ world, node, who, params, given }: Call): Change {
  const vmid = Number(params.vmid);
  demandRootFor(who, params, 'skiplock');
  const set = settingsOf(params);
  if (set.sshkeys !== undefined) validateSshKeys(set.sshkeys);
  const deletes = split(text(params, 'delete'));
  const reverts = split(text(params, 'revert'));
  if (deletes.length === 0 && reverts.length === 0 && given.every(name => CONTROL.has(name))) {
    throw died('no options specified');
  }
  resolveCdrom(set);
  checkNames(world, set, deletes, reverts);
  checkDriveParameters(world, set);
  normalizeNets(world, set);
  if (set.vmgenid === '1') set.vmgenid = world.random.uuid();
  demandOptions(world, who.authid, vmid, deletes);
  demandOptions(world, who.authid, vmid, Object.keys(set));
  demandDrives(world, who.authid, vmid, set);
  demandBridges(world, who.authid, set);
  return {
    node,
    vmid,
    who,
    set,
    delete: deletes.map(key => (key === 'cdrom' ? 'ide2' : key)),
    revert: new Set(reverts),
    force: flag(params, 'force'),
    skiplock: flag(params, 'skiplock'),
    digest: text(params, 'digest'),
    asGiven: asGiven(params),
  };
}

/** The options among the parameters, as the file would have them. */
export function settingsOf(params: Params): Section {
  const set: Section = {};
  for (const [key, value] of Object.entries(params)) {
    if (!CONTROL.has(key) && value !== undefined) set[key] = String(value);
  }
  return set;
}

const split = (list: string | undefined): string[] => (list ?? '').split(/[,;\s\0]+/).filter(item => item !== '');

/** `cdrom` is another name of `ide2`. */
export function resolveCdrom(set: Section): void {
  const { cdrom } = set;
  if (cdrom === undefined) return;
  delete set.cdrom;
  set.ide2 = cdrom.includes('media=') ? cdrom : `${cdrom},media=cdrom`;
}

function checkNames(world: World, set: Section, deletes: string[], reverts: string[]): void {
  for (const key of reverts) {
    if (!optionExists(world, key)) throw badParameters({ revert: `unknown option '${key}'` });
    if (set[key] !== undefined) throw clash('delete', `-${key}`, `-revert ${key}`);
  }
  for (const name of deletes) {
    const key = name === 'cdrom' ? 'ide2' : name;
    if (set[key] !== undefined) throw clash('delete', `-${key}`, `-delete ${key}`);
    if (reverts.includes(key)) throw clash('revert', `-delete ${key}`, `-revert ${key}`);
    if (!optionExists(world, key)) throw badParameters({ delete: `unknown option '${key}'` });
  }
}

/** The quotes are those of the original. */
function clash(parameter: string, one: string, other: string) {
  return badParameters({ [parameter]: `you can't use '${one}' and ${other}' at the same time` });
}

function normalizeNets(world: World, set: Section): void {
  for (const key of Object.keys(set).filter(isNetKey)) set[key] = withMac(world, set[key] ?? '');
}

/** A card without a MAC gets a new one, each time that it is sent. */
export function withMac(world: World, value: string): string {
  const net = parseNet(world.release, value);
  const prefix = world.state.cluster.options.mac_prefix;
  return printNet(world.release, { ...net, macaddr: net.macaddr ?? world.random.mac(prefix) });
}

/** The right to use the bridges, and VLANs, of all cards. */
export function demandBridges(world: World, authid: string, set: Section): void {
  for (const key of Object.keys(set).filter(isNetKey).sort()) {
    const { bridge, tag } = parseNet(world.release, set[key] ?? '').options;
    if (bridge !== undefined) demandBridge(world, authid, bridge, tag);
  }
}

function asGiven(params: Params): string {
  const keys = Object.keys(params).filter(key => !/^(?:node|vmid|digest|background_delay)$/.test(key));
  return keys
    .sort()
    .map(key => `-${key} ${key === 'cipassword' ? '<hidden>' : params[key]}`)
    .join(' ');
}

/** The checks that need the lock. Answers the VM; `change` then holds what reverting means. */
export function admitChange(world: World, change: Change): VmState {
  const vm = vmOn(world, change.node, change.vmid);
  const { current, pending } = vm.config;
  if (change.digest !== undefined && change.digest !== '' && change.digest !== digestOf(vm.config)) {
    throw died('checksum mismatch (file change by other user?)');
  }
  const dropsState = change.delete.includes('vmstate');
  if (dropsState && current.lock === 'suspended') change.delete.push('lock');
  else if (!change.skiplock) checkLock(vm);
  if (dropsState) change.delete.push(...['runningmachine', 'runningcpu'].filter(key => current[key] !== undefined));
  for (const key of change.revert) {
    if (current[key] !== undefined) change.set[key] = current[key];
    else if (pending[key] !== undefined) change.delete.push(key);
  }
  checkBalloon(change.set, vm);
  return vm;
}

function checkBalloon(set: Section, { config }: VmState): void {
  if (set.memory === undefined && set.balloon === undefined) return;
  const memory = set.memory ?? config.pending.memory ?? config.current.memory ?? '512';
  const balloon = set.balloon ?? config.pending.balloon ?? config.current.balloon ?? '0';
  if (Number(balloon) > Number(/\d+/.exec(memory)?.[0])) {
    throw died('balloon value too large (must be smaller than assigned memory)');
  }
}

/** Makes the change, under the lock: into the pending section, then as far as possible into force. */
export function* makeChange(world: World, vm: VmState, change: Change, log: (line: string) => void): Steps<void> {
  log(`update VM ${change.vmid}: ${change.asGiven}`);
  demandWritable(world, vm.node, vm.vmid);
  const touched = new Set<string>();
  const order = bootOrderOf(vm.config.current);
  for (const key of change.delete) deleteOption(world, vm, change, key, order, touched, log);
  for (const [key, value] of Object.entries(change.set)) {
    yield* setOption(world, vm, change, key, value, order, touched, log);
  }
  cleanUpPending(vm);
  if (!hasPending(vm)) return;
  if (vm.run === undefined) {
    applyPending(world, vm, change.who.authid);
    return;
  }
  const errors = yield* hotplugPending(world, vm, change.who.authid, touched);
  if (Object.keys(errors).length > 0) throw badParameters(errors);
}

function deleteOption(
  world: World,
  vm: VmState,
  change: Change,
  key: string,
  order: string[],
  touched: Set<string>,
  log: (line: string) => void,
): void {
  const { current, pending, pendingDelete } = vm.config;
  const value = current[key] ?? pending[key];
  if (value === undefined) {
    log(`cannot delete '${key}' - not set in current configuration!`);
    return;
  }
  touched.add(key);
  const wasPending = pending[key] !== undefined;
  delete pending[key];
  if (order.includes(key)) {
    order.splice(order.indexOf(key), 1);
    pending.boot = printBootOrder(order);
    touched.add('boot');
  }
  const { authid } = change.who;
  if (key.startsWith('unused')) {
    checkProtection(vm, `can't remove unused disk '${value}'`);
    demandOnVm(world, authid, vm.vmid, ['VM.Config.Disk']);
    if (destroyDrive(world, vm, authid, parseDrive(world.release, key, value), false)) delete current[key];
  } else if (key === 'vmstate') {
    checkProtection(vm, `can't remove vmstate '${value}'`);
    destroyDrive(world, vm, authid, { key, file: value, options: {} }, true);
    delete current[key];
  } else if (key === 'tags') {
    demandOnVm(world, authid, vm.vmid, ['VM.Config.Options']);
    delete current[key];
  } else {
    if (isDriveKey(key)) deleteDrive(world, vm, authid, key, value, wasPending);
    else if (isNetKey(key) && current[key] !== undefined) demandBridges(world, authid, { [key]: current[key] });
    else demandDevices(world, authid, vm.vmid, { [key]: value });
    if (current[key] !== undefined) pendingDelete[key] = change.force ? 'force' : 'plain';
  }
}

function deleteDrive(world: World, vm: VmState, authid: string, key: string, value: string, wasPending: boolean): void {
  checkProtection(vm, `can't remove drive '${key}'`);
  demandDriveChange(world, authid, vm.vmid, key, value);
  if (wasPending) retireDrive(world, vm, parseDrive(world.release, key, value));
}

function* setOption(
  world: World,
  vm: VmState,
  change: Change,
  key: string,
  value: string,
  order: string[],
  touched: Set<string>,
  log: (line: string) => void,
): Steps<void> {
  const { current, pending, pendingDelete } = vm.config;
  touched.add(key);
  if (pending[key] === value) return;
  const { authid } = change.who;
  if (isDriveKey(key)) {
    pending[key] = yield* setDrive(world, vm, change, key, value, log);
    const drive = parseDrive(world.release, key, value);
    if (order.length > 0 && isCdrom(drive, true) && !order.includes(key)) {
      order.push(key);
      pending.boot = printBootOrder(order);
      touched.add('boot');
    }
  } else if (key === 'tags') {
    demandOnVm(world, authid, vm.vmid, ['VM.Config.Options']);
    pending[key] = uniqueTags(value);
  } else if (key === 'boot') {
    pending[key] = checkedBoot(vm, change, value);
  } else {
    if (isNetKey(key) && current[key] !== undefined) demandBridges(world, authid, { [key]: current[key] });
    demandDevices(world, authid, vm.vmid, { [key]: value });
    pending[key] = value;
  }
  delete pendingDelete[key];
}

function* setDrive(
  world: World,
  vm: VmState,
  change: Change,
  key: string,
  value: string,
  log: (line: string) => void,
): Steps<string> {
  const { current, pending } = vm.config;
  const { authid } = change.who;
  if (current[key] !== undefined) demandDriveChange(world, authid, vm.vmid, key, current[key]);
  demandDriveChange(world, authid, vm.vmid, key, value);
  const earlier = pending[key];
  if (earlier !== undefined) {
    delete pending[key];
    retireDrive(world, vm, parseDrive(world.release, key, earlier));
  }
  const job = { world, node: vm.node, vmid: vm.vmid, authid, log };
  const made = yield* createDisks(job, { ...current, ...pending }, { [key]: value });
  return made[key] ?? printDrive(world.release, parseDrive(world.release, key, value));
}

function checkedBoot({ config }: VmState, change: Change, value: string): string {
  const devices = bootOrderOf({ boot: value });
  if (devices.length === 0) return value;
  const all = { ...config.current, ...config.pending, ...change.set };
  const missing = devices.find(device => all[device] === undefined || change.delete.includes(device));
  if (missing !== undefined) throw died(`invalid bootorder: device '${missing}' does not exist'`);
  return printBootOrder(devices);
}

/** Runs `body` under the lock of a VM's configuration file. */
export function underLock<T>(
  world: World,
  process: Mortal,
  vmid: number,
  body: () => Steps<T> | T,
  timeoutMs = CONFIG_LOCK_MS,
): Steps<T> {
  return world.locks.holding(process, lockFileOf(vmid), 'exclusive', timeoutMs, body);
}
