import type { Random } from '../engine/random.ts';
import { abilityOf, defaultFormat, volumeName } from '../storage/layout.ts';
import { add, freeDiskNumber, placeOf } from '../storage/volumes.ts';
import { defaultBootOrder, printBootOrder } from '../vm/boot.ts';
import { drivesOf, formatSize, printDrive, requestedSize } from '../vm/drives.ts';
import { isNetKey, parseNet, printNet } from '../vm/nets.ts';
import type { FullSeed } from './seed.ts';
import type { GuestState, Section, State, StorageState, VmState } from './types.ts';

/** The schema's tables of drives and cards are alike in all releases as far as a seed uses them. */
const RELEASE = '9.2';

const GIB = 2 ** 30;

const CLOUDINIT_SIZE = 4 * 2 ** 20;

type VmSeed = FullSeed['vms'][number];

/** Puts a VM of a seed into the state, with its volumes. */
export function buildVm(state: State, seed: VmSeed, now: number, random: Random): void {
  if (state.nodes[seed.node] === undefined)
    throw new Error(`VM ${seed.vmid} of the seed is on '${seed.node}', which is no node`);
  const section: Section = {};
  for (const [key, value] of Object.entries(seed.config)) section[key] = String(value);
  for (const drive of drivesOf(RELEASE, section)) {
    const file = buildVolume(state, seed, drive.file, drive.options.format, now);
    if (file === undefined) continue;
    const { format: _, ...options } = drive.options;
    const cloudinit = file.size === undefined;
    section[drive.key] = printDrive(RELEASE, {
      key: drive.key,
      file: file.volid,
      options: cloudinit ? { ...options, media: 'cdrom' } : { ...options, size: formatSize(file.size ?? 0) },
    });
  }
  for (const key of Object.keys(section).filter(isNetKey)) {
    const net = parseNet(RELEASE, section[key] ?? '');
    section[key] = printNet(RELEASE, { ...net, macaddr: net.macaddr ?? random.mac() });
  }
  section.boot ??= printBootOrder(defaultBootOrder(RELEASE, section));
  section.smbios1 ??= `uuid=${random.uuid()}`;
  section.vmgenid ??= random.uuid();
  section.meta ??= `creation-qemu=10.0.2,ctime=${Math.floor(now / 1000)}`;
  if (seed.template) section.template = '1';
  state.vms[seed.vmid] = {
    vmid: seed.vmid,
    node: seed.node,
    config: { current: section, pending: {}, pendingDelete: {}, cloudinit: {}, snapshots: {} },
    guest: buildGuest(seed),
    ...(seed.running && { run: runningSince(state, seed, now) }),
  };
}

/** Makes what a drive asks for; a size only for disks. Undefined where the drive names something that is there. */
function buildVolume(
  state: State,
  seed: VmSeed,
  file: string,
  wishedFormat: string | undefined,
  now: number,
): { volid: string; size?: number } | undefined {
  const wish = requestedSize(file);
  const isCloudinit = /^[^:]+:cloudinit$/.test(file);
  if (wish === undefined && !isCloudinit) return undefined;
  const id = isCloudinit ? (file.split(':')[0] ?? '') : (wish?.storage ?? '');
  const storage = state.storages[id];
  if (storage === undefined) throw new Error(`VM ${seed.vmid} of the seed uses '${id}', which is no storage`);
  const place = placeOf(storage, seed.node);
  const size = isCloudinit ? CLOUDINIT_SIZE : (wish?.size ?? 0);
  const format = wishedFormat ?? (isCloudinit && abilityOf(storage).files ? 'qcow2' : defaultFormat(storage));
  const name = isCloudinit ? volumeName(storage, seed.vmid, 'cloudinit', format) : freeDisk(storage, seed, format);
  const used = abilityOf(storage).thick ? size : Math.min(size, seed.usedGiB * GIB);
  add(place, name, { content: 'images', format, size, used, vmid: seed.vmid, createdAt: now, snapshots: {} });
  return isCloudinit ? { volid: `${id}:${name}` } : { volid: `${id}:${name}`, size };
}

function freeDisk(storage: StorageState, seed: VmSeed, format: string): string {
  const number = freeDiskNumber(storage, placeOf(storage, seed.node), seed.vmid);
  return volumeName(storage, seed.vmid, `disk-${number}`, format, seed.template ? 'base' : 'vm');
}

function buildGuest(seed: VmSeed): GuestState {
  const { agentAfterMs, ...guest } = seed.guest;
  return {
    ...guest,
    files: {},
    processes: {},
    lastPid: 500,
    ...(agentAfterMs === null ? {} : { agentAfterMs }),
  };
}

function runningSince(state: State, seed: VmSeed, now: number): NonNullable<VmState['run']> {
  const node = state.nodes[seed.node];
  if (node === undefined) throw new Error(`no node ${seed.node}`);
  node.lastPid++;
  return { pid: node.lastPid, startedAt: now, status: 'running', bootedAt: now, machine: 'pc-i440fx-10.0+pve0' };
}
