import { badParameters, died } from '../engine/errors.ts';
import { type Call, flag, type Identity, type Params, text, type World } from '../engine/world.ts';
import type { Section, VmState } from '../state/types.ts';
import { checkDriveParameters, demandDrives } from './access.ts';
import { checkLock, digestOf, optionExists, vmOn } from './config.ts';
import { isNetKey, withMac } from './nets.ts';
import { demandBridges, demandOptions } from './option-rights.ts';
import { demandRootFor } from './root-only.ts';
import { validateSshKeys } from './ssh-keys.ts';

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
  // Reading the file drops what is blank at the end.
  if (set.description !== undefined) set.description = set.description.trimEnd();
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
