import { badParameters, died } from '../engine/errors.ts';
import type { World } from '../engine/world.ts';
import type { StoragePlace, StorageState, VolumeState } from '../state/types.ts';
import {
  abilityOf,
  namesBase,
  ownName,
  type ParsedVolume,
  parseVolume,
  pathOf,
  splitVolid,
  volumeName,
} from './layout.ts';

/** A volume where it lies. */
export interface Located {
  storage: StorageState;
  place: StoragePlace;
  /** The key in the place: the name without that of a base. */
  name: string;
  /** The full id, that of a base in it. */
  volid: string;
  volume: VolumeState;
}

/** What to allocate. */
export interface Allocation {
  node: string;
  storage: string;
  vmid: number;
  format: string;
  size: number;
  /** Instead of the next free `disk-N`. */
  suffix?: string;
  /** Bytes already written, as in a copy. */
  used?: number;
  /** The base volume that it is linked to. */
  parent?: string;
}

/** An empty qcow2 image has this much of its own, for a gigabyte of size; preallocated metadata. */
const METADATA_PER_GIB = 196_608;
const METADATA_MIN = 200_704;

const GIB = 2 ** 30;

/** A storage's configuration; throws Proxmox's text for an unknown one. */
export function storageOf(world: World, id: string): StorageState {
  const storage = world.state.storages[id];
  if (storage === undefined) throw died(`storage '${id}' does not exist`);
  return storage;
}

/** A storage that is enabled and there on the node. */
export function usableStorage(world: World, id: string, node: string): StorageState {
  const storage = storageOf(world, id);
  if (!storage.enabled) throw died(`storage '${id}' is disabled`);
  if (!isOnNode(storage, node)) throw died(`storage '${id}' is not available on node '${node}'`);
  return storage;
}

/** Whether a storage's configuration lets a node use it. */
export function isOnNode(storage: StorageState, node: string): boolean {
  return storage.nodes === undefined || storage.nodes.includes(node);
}

/** The volumes that a node sees in a storage. */
export function placeOf(storage: StorageState, node: string): StoragePlace {
  const key = storage.shared ? 'shared' : node;
  storage.places[key] ??= { foreignBytes: 0, usedBytes: 0, volumes: {} };
  return storage.places[key];
}

/** Free bytes of a storage as a node sees it. */
export function available(storage: StorageState, node: string): number {
  const place = placeOf(storage, node);
  return Math.max(0, storage.size - place.foreignBytes - place.usedBytes);
}

/** Finds a volume by its id; undefined if there is none. */
export function findVolume(world: World, node: string, volid: string): Located | undefined {
  const parts = splitVolid(volid);
  if (parts === undefined) return undefined;
  const storage = world.state.storages[parts.storage];
  if (storage === undefined) return undefined;
  const place = placeOf(storage, node);
  const name = ownName(storage, parts.volume);
  const volume = place.volumes[name];
  return volume === undefined ? undefined : { storage, place, name, volid, volume };
}

/** The volume id of an entry of a place. */
export function volidOf(storage: StorageState, name: string, volume: VolumeState): string {
  const linked = volume.parent !== undefined && namesBase(storage);
  return `${storage.id}:${linked ? `${volume.parent}/` : ''}${name}`;
}

/** As `findVolume`; throws if it is not there. */
export function volumeOf(world: World, node: string, volid: string): Located {
  const found = findVolume(world, node, volid);
  if (found === undefined) throw died(`volume '${volid}' does not exist`);
  return found;
}

/** Reads a volume's id with its storage; throws for unknown storages and malformed names. */
export function parseVolid(world: World, volid: string): ParsedVolume & { storage: StorageState; name: string } {
  const parts = splitVolid(volid);
  if (parts === undefined) throw died(`unable to parse volume ID '${volid}'`);
  const storage = storageOf(world, parts.storage);
  return { ...parseVolume(storage, parts.volume), storage, name: parts.volume };
}

/** Makes a volume and answers its id. Only storages that reserve space can refuse for lack of it. */
export function allocate(world: World, order: Allocation): string {
  const storage = usableStorage(world, order.storage, order.node);
  if (!storage.content.includes('images')) {
    throw badParameters({ storage: `storage '${order.storage}' does not support vm images` });
  }
  const place = placeOf(storage, order.node);
  const used = order.used ?? initialUse(storage, order);
  demandRoom(storage, order, abilityOf(storage).thick ? order.size : 0);
  const name = freeName(storage, place, order);
  const { files } = abilityOf(storage);
  const volume: VolumeState = {
    content: 'images',
    format: files ? order.format : 'raw',
    size: order.size,
    used: abilityOf(storage).thick ? order.size : used,
    vmid: order.vmid,
    createdAt: world.clock.now(),
    snapshots: {},
    ...(order.parent === undefined ? {} : { parent: order.parent }),
  };
  add(place, name, volume);
  return volidOf(storage, name, volume);
}

/** Puts a volume into a place and counts it. */
export function add(place: StoragePlace, name: string, volume: VolumeState): void {
  remove(place, name);
  place.volumes[name] = volume;
  place.usedBytes += volume.used;
}

function remove(place: StoragePlace, name: string): void {
  place.usedBytes -= place.volumes[name]?.used ?? 0;
  delete place.volumes[name];
}

function initialUse(storage: StorageState, order: Allocation): number {
  if (!abilityOf(storage).files || order.format !== 'qcow2') return 0;
  return METADATA_MIN + Math.floor((order.size / GIB) * METADATA_PER_GIB);
}

function demandRoom(storage: StorageState, order: Allocation, needed: number): void {
  const free = available(storage, order.node);
  if (needed <= free) return;
  if (storage.type === 'zfspool') {
    throw died(`zfs error: cannot create '${storage.id}/vm-${order.vmid}-disk-0': out of space`);
  }
  throw died(`not enough free space (${Math.floor(free / 1024)} < ${Math.floor(needed / 1024)})`);
}

function freeName(storage: StorageState, place: StoragePlace, order: Allocation): string {
  if (order.suffix !== undefined) {
    const name = volumeName(storage, order.vmid, order.suffix, order.format);
    if (place.volumes[name] !== undefined) throw died(`disk image '${pathOf(storage, name)}' already exists`);
    return name;
  }
  const number = freeDiskNumber(storage, place, order.vmid);
  return volumeName(storage, order.vmid, `disk-${number}`, order.format);
}

/** The number of a VM's next disk in a place. */
export function freeDiskNumber(storage: StorageState, place: StoragePlace, vmid: number): number {
  let number = 0;
  while (isTaken(storage, place, vmid, number)) number++;
  return number;
}

/** A number is taken whatever the format, and by base volumes too. */
function isTaken(storage: StorageState, place: StoragePlace, vmid: number, number: number): boolean {
  return abilityOf(storage).formats.some(format =>
    ['vm', 'base'].some(
      prefix => place.volumes[volumeName(storage, vmid, `disk-${number}`, format, prefix)] !== undefined,
    ),
  );
}

/** The ids of a VM's images in a place. */
export function volumesOfVm(storage: StorageState, place: StoragePlace, vmid: number): string[] {
  return Object.entries(place.volumes)
    .filter(([, volume]) => volume.content === 'images' && volume.vmid === vmid)
    .map(([name, volume]) => volidOf(storage, name, volume));
}

/** Removes a volume. One that is not there is no error; a base in use is. */
export function free(world: World, node: string, volid: string): void {
  const found = findVolume(world, node, volid);
  if (found === undefined) return;
  if (isBaseInUse(found)) throw died(`base volume '${found.name}' is still in use by linked clones`);
  remove(found.place, found.name);
}

/** Takes a volume out of its place, whatever needs it. */
export function dropVolume(found: Located): void {
  remove(found.place, found.name);
}

/** Whether linked clones need the volume. */
export function isBaseInUse({ storage, place, name }: Located): boolean {
  if (!parseVolume(storage, name).isBase) return false;
  return Object.values(place.volumes).some(volume => volume.parent === name);
}

/** Changes how much a volume takes, and keeps count. */
export function setUsed(found: Located, used: number): void {
  found.place.usedBytes += used - found.volume.used;
  found.volume.used = used;
}

/** Gives a volume another size: a larger one, or that of a snapshot. */
export function resizeVolume(found: Located, size: number): void {
  if (abilityOf(found.storage).thick) setUsed(found, size);
  found.volume.size = size;
}

/** Turns a VM's disk into a base for linked clones; answers its new id. */
export function makeBase(found: Located): string {
  const { storage, place, name, volume } = found;
  const base = name.replace(/vm-(\d+)-/, 'base-$1-');
  remove(place, name);
  add(place, base, volume);
  return `${storage.id}:${base}`;
}

/** Gives a volume to another VM under the next free name; answers its new id. */
export function renameVolume(found: Located, vmid: number): string {
  const { storage, place, name, volume } = found;
  remove(place, name);
  const number = freeDiskNumber(storage, place, vmid);
  const renamed = volumeName(storage, vmid, `disk-${number}`, volume.format);
  add(place, renamed, { ...volume, vmid });
  return volidOf(storage, renamed, volume);
}

/** Whether a volume can be snapshot, copied or linked. */
export function hasFeature(found: Located, feature: 'snapshot' | 'clone' | 'copy', snapshot?: string): boolean {
  const ability = abilityOf(found.storage);
  if (feature === 'copy') return snapshot === undefined || ability.snapshots.includes(found.volume.format);
  if (feature === 'snapshot') return ability.snapshots.includes(found.volume.format);
  return ability.links && parseVolume(found.storage, found.name).isBase;
}
