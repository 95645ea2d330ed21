import { died, PveError } from '../engine/errors.ts';
import { type Steps, sleep } from '../engine/process.ts';
import type { World } from '../engine/world.ts';
import type { Section, StorageState } from '../state/types.ts';
import { abilityOf, defaultFormat, pathOf, splitVolid } from '../storage/layout.ts';
import { allocate, available, findVolume, free, parseVolid, storageOf, volumeOf } from '../storage/volumes.ts';
import { durationMs, type WorkKind } from '../tasks/durations.ts';
import { demandVolume } from './access.ts';
import { type Drive, drivesOf, formatSize, isCdrom, isCloudinit, printDrive, requestedSize } from './drives.ts';

/** On whose behalf, and for which VM, disks are made. */
export interface DiskJob {
  world: World;
  node: string;
  vmid: number;
  authid: string;
  log: (line: string) => void;
}

/** A cloud-init drive and the state of a TPM are this large. */
const FIXED_SIZE = 4 * 2 ** 20;

/** The size of the UEFI variables, of the images with 2 MiB and 4 MiB of code. */
const EFI_SIZE = { '2m': 128 * 1024, '4m': 528 * 1024 };

/** Waits as long as that work takes. */
export function* work(world: World, kind: WorkKind, bytes = 0): Steps<void> {
  const ms = durationMs(world.durations, kind, bytes);
  if (ms > 0) yield sleep(world.clock, ms);
}

/**
 * Makes what the drives of `settings` ask for: new volumes, imports, cloud-init drives. Volumes that are named stay as
 * they are. Answers the drives as the configuration has them. What was made is freed if one of them fails.
 */
export function* createDisks(job: DiskJob, current: Section, settings: Section, storage?: string): Steps<Section> {
  const made: string[] = [];
  const result: Section = {};
  try {
    for (const drive of drivesOf(job.world.release, settings)) {
      result[drive.key] = yield* createDisk(job, { ...current, ...result }, drive, storage, made);
    }
    return result;
  } catch (error) {
    for (const volid of made) free(job.world, job.node, volid);
    throw error;
  }
}

function* createDisk(
  job: DiskJob,
  current: Section,
  drive: Drive,
  defaultStorage: string | undefined,
  made: string[],
): Steps<string> {
  const print = (done: Drive) => printDrive(job.world.release, done);
  const { format, 'import-from': source, ...options } = drive.options;
  if (drive.file === 'none' || drive.file === 'cdrom') {
    const { size: _, ...rest } = drive.options;
    return print({ ...drive, options: rest });
  }
  const wish = requestedSize(drive.file);
  const asksCloudinit = /^(?:[^:]+:)?cloudinit$/.test(drive.file);
  if (wish === undefined && !asksCloudinit) return existingVolume(job, drive);
  const storage = storageFor(job, asksCloudinit ? drive.file.split(':')[0] : wish?.storage, defaultStorage);
  if (asksCloudinit)
    return yield* createCloudinit(job, current, { ...drive, options: { ...options } }, storage, format, made);
  const volid =
    source === undefined
      ? yield* createEmpty(job, drive, storage, format, wish?.size ?? 0, made)
      : yield* importVolume(job, storage, format, source, made);
  const size = formatSize(volumeOf(job.world, job.node, volid).volume.size);
  const text = print({ key: drive.key, file: volid, options: { ...options, size } });
  job.log(`${drive.key}: successfully created disk '${text}'`);
  return text;
}

function storageFor(job: DiskJob, wished: string | undefined, fallback: string | undefined): StorageState {
  const id = wished || fallback;
  if (id === undefined) throw died('no storage ID specified (and no default storage)');
  return storageOf(job.world, id);
}

/** A volume that exists: its size is noted, its owner may be another VM if the caller may use that. */
function existingVolume(job: DiskJob, drive: Drive): string {
  const { world, node, vmid, authid } = job;
  demandVolume(world, authid, vmid, drive.file);
  if (splitVolid(drive.file) === undefined) return printDrive(world.release, drive);
  parseVolid(world, drive.file);
  const { volume } = volumeOf(world, node, drive.file);
  const { format: _, ...options } = drive.options;
  return printDrive(world.release, { ...drive, options: { ...options, size: formatSize(volume.size) } });
}

function* createCloudinit(
  job: DiskJob,
  current: Section,
  drive: Drive,
  storage: StorageState,
  wishedFormat: string | undefined,
  made: string[],
): Steps<string> {
  const other = drivesOf(job.world.release, current).find(one => one.key !== drive.key && isCloudinit(one));
  if (other !== undefined) throw died(`${drive.key} - cloud-init drive is already attached at '${other.key}'`);
  const format = wishedFormat ?? (abilityOf(storage).files ? 'qcow2' : 'raw');
  const { world, node, vmid } = job;
  const volid = allocate(world, { node, storage: storage.id, vmid, format, size: FIXED_SIZE, suffix: 'cloudinit' });
  made.push(volid);
  logFormatting(job, storage, volid, format, FIXED_SIZE);
  yield* work(world, 'allocate');
  const text = printDrive(world.release, { ...drive, file: volid, options: { ...drive.options, media: 'cdrom' } });
  job.log(`${drive.key}: successfully created disk '${text}'`);
  return text;
}

function* createEmpty(
  job: DiskJob,
  drive: Drive,
  storage: StorageState,
  wishedFormat: string | undefined,
  wishedSize: number,
  made: string[],
): Steps<string> {
  const { world, node, vmid } = job;
  const format = drive.key === 'tpmstate0' ? 'raw' : (wishedFormat ?? defaultFormat(storage));
  const size = fixedSize(drive) ?? wishedSize;
  const volid = allocate(world, { node, storage: storage.id, vmid, format, size });
  made.push(volid);
  logFormatting(job, storage, volid, format, size);
  yield* work(world, 'allocate');
  return volid;
}

function fixedSize(drive: Drive): number | undefined {
  if (drive.key === 'tpmstate0') return FIXED_SIZE;
  if (drive.key === 'efidisk0') return EFI_SIZE[drive.options.efitype === '4m' ? '4m' : '2m'];
  return undefined;
}

function* importVolume(
  job: DiskJob,
  storage: StorageState,
  format: string | undefined,
  source: string,
  made: string[],
): Steps<string> {
  const { world, node } = job;
  const found = findVolume(world, node, source);
  if (found === undefined) {
    const { storage: from, name } = parseVolid(world, source);
    job.log(`failed to stat '${pathOf(from, name)}'`);
    throw died(`cannot import from '${source}' - could not get size of ${source}`);
  }
  const owner = found.volume.vmid === undefined ? undefined : world.state.vms[found.volume.vmid];
  const used = owner && drivesOf(world.release, owner.config.current).find(one => one.file === source);
  const from: Drive = { key: used?.key ?? '', file: source, options: {} };
  try {
    return yield* copyVolume(job, from, storage, format, made, owner?.run !== undefined);
  } catch (error) {
    if (!(error instanceof PveError)) throw error;
    const why = error.message === 'received interrupt' ? copyFailure('interrupted by signal') : error.text;
    throw died(`cannot import from '${source}' - ${why}`);
  }
}

/** A full copy of a drive's volume, which may be on another storage and in another format; answers the new id. */
export function* copyVolume(
  job: DiskJob,
  drive: Drive,
  storage: StorageState,
  wishedFormat: string | undefined,
  made: string[],
  running: boolean,
): Steps<string> {
  const { world, node, vmid } = job;
  const source = volumeOf(world, node, drive.file);
  job.log(`create full clone of drive ${drive.key === '' ? '' : `${drive.key} `}(${drive.file})`);
  const cloudinit = isCloudinit(drive);
  const size = cloudinit ? FIXED_SIZE : source.volume.size;
  const format = destinationFormat(storage, source.volume.format, wishedFormat);
  const order = { node, storage: storage.id, vmid, format, size };
  const volid = allocate(world, cloudinit ? { ...order, suffix: 'cloudinit' } : { ...order, used: source.volume.used });
  made.push(volid);
  logFormatting(job, storage, volid, format, size);
  if (cloudinit) return volid;
  const total = (size / 2 ** 30).toFixed(1);
  if (running) job.log(`drive mirror is starting for drive-${drive.key}`);
  else job.log(`transferred 0.0 B of ${total} GiB (0.00%)`);
  yield* work(world, 'copy', source.volume.used);
  demandCopied(storage, node);
  if (running) {
    job.log(`drive-${drive.key}: transferred ${total} GiB of ${total} GiB (100.00%) in 1s, ready`);
    job.log("all 'mirror' jobs are ready");
  } else {
    job.log(`transferred ${total} GiB of ${total} GiB (100.00%)`);
  }
  return volid;
}

/** A thin storage notices only while data arrive that it has no room. */
function demandCopied(storage: StorageState, node: string): void {
  if (abilityOf(storage).thick || available(storage, node) > 0) return;
  throw died(copyFailure('exit code 1'));
}

function copyFailure(why: string): string {
  return `copy failed: command '/usr/bin/qemu-img convert' failed: ${why}`;
}

function destinationFormat(storage: StorageState, format: string, wished: string | undefined): string {
  const { formats } = abilityOf(storage);
  const wanted = wished ?? format;
  return formats.includes(wanted) ? wanted : defaultFormat(storage);
}

/** A linked clone of a base volume; answers the new id. */
export function* linkVolume(job: DiskJob, drive: Drive, made: string[]): Steps<string> {
  const { world, node, vmid } = job;
  job.log(`create linked clone of drive ${drive.key} (${drive.file})`);
  const base = volumeOf(world, node, drive.file);
  const { size, format } = base.volume;
  const volid = allocate(world, { node, storage: base.storage.id, vmid, format, size, used: 0, parent: base.name });
  made.push(volid);
  logLink(job, base.storage, base.name, volid, format, size);
  yield* work(world, 'link');
  return volid;
}

const QCOW2_TAIL = 'lazy_refcounts=off refcount_bits=16';

/** What qemu-img or LVM tells of a new volume. */
export function logFormatting(job: DiskJob, storage: StorageState, volid: string, format: string, size: number): void {
  const name = volid.slice(volid.indexOf(':') + 1);
  if (!abilityOf(storage).files) {
    if (storage.type !== 'rbd' && storage.type !== 'zfspool') job.log(`  Logical volume "${name}" created.`);
    return;
  }
  const path = pathOf(storage, name);
  if (format === 'qcow2') {
    const head = `Formatting '${path}', fmt=qcow2 cluster_size=65536 extended_l2=off preallocation=metadata`;
    job.log(`${head} compression_type=zlib size=${size} ${QCOW2_TAIL}`);
  } else {
    job.log(`Formatting '${path}', fmt=${format} size=${size} preallocation=off`);
  }
}

function logLink(job: DiskJob, storage: StorageState, base: string, volid: string, format: string, size: number): void {
  if (!abilityOf(storage).files) return;
  const own = volid.slice(volid.lastIndexOf('/') + 1);
  job.log(`clone ${base}: images, ${own}, ${job.vmid} to ${own} (base=../${base})`);
  const path = pathOf(storage, volid.slice(volid.indexOf(':') + 1));
  const head = `Formatting '${path}', fmt=qcow2 cluster_size=65536 extended_l2=off compression_type=zlib size=${size}`;
  job.log(`${head} backing_file=../${base} backing_fmt=${format} ${QCOW2_TAIL}`);
}

/** Frees the volume of a drive that leaves the configuration, if it is the VM's own; the rights on the storage count. */
export function ownsVolume(world: World, node: string, vmid: number, volid: string): boolean {
  return findVolume(world, node, volid)?.volume.vmid === vmid;
}

/** Whether other drives of the VM or its snapshots use a volume. */
export function isVolumeInUse(world: World, sections: Section[], volid: string): boolean {
  return sections.some(section =>
    drivesOf(world.release, section).some(drive => drive.file === volid && !isCdrom(drive)),
  );
}
