import { demandOnVm } from '../auth/permissions.ts';
import { demandWritable } from '../engine/cluster-files.ts';
import { badParameters, died } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import type { World } from '../engine/world.ts';
import type { VmState } from '../state/types.ts';
import { bootOrderOf, printBootOrder } from './boot.ts';
import type { Change } from './change.ts';
import { checkProtection } from './config.ts';
import { createDisks } from './disks.ts';
import { isCdrom, isDriveKey, parseDrive, printDrive } from './drives.ts';
import { isNetKey } from './nets.ts';
import { demandBridges, demandDevices, demandDriveChange } from './option-rights.ts';
import { applyPending, cleanUpPending, hasPending, hotplugPending } from './pending.ts';
import { demandTags, uniqueTags } from './tags.ts';
import { destroyDrive, retireDrive } from './unused.ts';

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
    demandTags(world, authid, vm.vmid, value, '');
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
    demandTags(world, authid, vm.vmid, current[key], value);
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
