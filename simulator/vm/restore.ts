import { joinPool } from '../auth/membership.ts';
import { badParameters, died, PveError } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import { type Call, flag, text, type World } from '../engine/world.ts';
import type { BackupContents, Section } from '../state/types.ts';
import { pathOf, splitVolid } from '../storage/layout.ts';
import { allocate, free, storageOf } from '../storage/volumes.ts';
import type { Worker } from '../tasks/tasks.ts';
import { demandVolume } from './access.ts';
import { archivedConfig, type Backup, backupOf } from './backup.ts';
import { checkProtection, emptyConfig, vmOn } from './config.ts';
import { type DiskJob, logFormatting, ownsVolume, work } from './disks.ts';
import { type Drive, drivesOf, isCloudinit, isDriveKey, parseDrive, printDrive } from './drives.ts';
import { linuxGuest } from './guest.ts';
import { underLock } from './lock.ts';
import { isNetKey, parseNet, printNet } from './nets.ts';
import { reserve } from './reserve.ts';
import { start } from './start.ts';

/** The worker does not wait for the lock. */
const LOCK_MS = 1000;

const CLOUDINIT_SIZE = 4 * 2 ** 20;

/** POST qemu with `archive`; `set` are the options that the call overrides. */
export function* restoreVm(call: Call, set: Section, archive: string): Steps<string> {
  const { world, params, node, who, process } = call;
  const vmid = Number(params.vmid);
  const conflict = Object.keys(set).find(isDriveKey);
  if (conflict !== undefined) throw badParameters({ [conflict]: "option conflicts with option 'archive'" });
  demandVolume(world, who.authid, vmid, archive, 'backup');
  yield* reserve(world, process, node, vmid, flag(params, 'force'), 'unable to restore VM');
  const order: Order = {
    node,
    vmid,
    set,
    archive,
    unique: flag(params, 'unique'),
    storage: text(params, 'storage'),
    pool: text(params, 'pool'),
    start: flag(params, 'start'),
  };
  return world.tasks.fork({ node, type: 'qmrestore', id: String(vmid), authid: who.authid }, worker =>
    restore(world, worker, order),
  );
}

interface Order {
  node: string;
  vmid: number;
  set: Section;
  archive: string;
  unique: boolean;
  storage: string | undefined;
  pool: string | undefined;
  start: boolean;
}

function* restore(world: World, worker: Worker, order: Order): Steps<void> {
  const { node, vmid } = order;
  const vm = vmOn(world, node, vmid);
  try {
    checkProtection(vm, `unable to restore VM ${vmid} -`);
    if (vm.run !== undefined) throw died(`unable to restore VM ${vmid} - vm is running`);
    yield* underLock(world, worker.process, vmid, () => fill(world, worker, order), LOCK_MS);
  } catch (error) {
    if (!(error instanceof PveError)) throw error;
    delete vm.config.current.lock;
    worker.log(
      'error before or during data restore, some or all disks were not completely restored. ' +
        `VM ${vmid} state is NOT cleaned up.`,
    );
    throw error;
  }
  if (!order.start) return;
  worker.log('Execute autostart');
  yield* underLock(world, worker.process, vmid, () => start(world, vm, worker.task.authid, false, worker.log));
}

function* fill(world: World, worker: Worker, order: Order): Steps<void> {
  const { node, vmid, archive } = order;
  const vm = vmOn(world, node, vmid);
  const backup = backupOf(world, node, archive);
  for (const drive of drivesOf(world.release, vm.config.current)) {
    if (ownsVolume(world, node, vmid, drive.file)) free(world, node, drive.file);
  }
  const job: DiskJob = { world, node, vmid, authid: worker.task.authid, log: worker.log };
  logArchive(job, worker.task.pid, backup);
  const config = yield* restoreDisks(job, backup.contents, order.storage);
  vm.config = { ...emptyConfig(), current: { ...identity(world, config, order.unique), ...order.set } };
  vm.guest = linuxGuest();
  worker.log('rescan volumes...');
  if (order.pool !== undefined) joinPool(world.state, vmid, order.pool);
}

/** What vma tells of the archive before any data comes. */
function logArchive({ log }: DiskJob, pid: number, { path, createdAt, contents }: Backup): void {
  const directory = `/var/tmp/vzdumptmp${pid}`;
  log(`restore vma archive: zstd -q -d -c ${path} | vma extract -v -r ${directory}.fifo - ${directory}`);
  log(`CFG: size: ${Buffer.byteLength(archivedConfig(contents))} name: qemu-server.conf`);
  for (const [index, [key, { size }]] of Object.entries(contents.disks).entries()) {
    log(`DEV: dev_id=${index + 1} size: ${size} devname: drive-${key}`);
  }
  log(`CTIME: ${ctime(createdAt)}`);
}

/** As ctime(3): `Sun Nov 22 01:10:12 2026`. */
function ctime(ms: number): string {
  const [day = '', date = '', month = '', year = '', time = ''] = new Date(ms).toUTCString().split(/,? /);
  return `${day} ${month} ${String(Number(date)).padStart(2)} ${time} ${year}`;
}

/** Volumes are made one after another, then all are filled. Answers the configuration with them. */
function* restoreDisks(job: DiskJob, contents: BackupContents, storage: string | undefined): Steps<Section> {
  const config = { ...contents.config };
  for (const key of Object.keys(config)) {
    if (key === 'lock' || key === 'parent' || /^unused\d+$/.test(key)) delete config[key];
  }
  for (const drive of drivesOf(job.world.release, config)) {
    const disk = contents.disks[drive.key];
    if (disk === undefined && !isCloudinit(drive)) continue;
    const file = allocateFor(job, drive, disk, storage);
    config[drive.key] = printDrive(job.world.release, { ...drive, file });
  }
  for (const [key, { used }] of Object.entries(contents.disks)) {
    const { storage: id, volume } = splitVolid(parseDrive(job.world.release, key, config[key] ?? '').file) ?? {};
    const path = pathOf(storageOf(job.world, id ?? ''), volume ?? '');
    job.log(`map 'drive-${key}' to '${path}' (write zeros = 0)`);
    yield* work(job.world, 'copy', used);
  }
  logProgress(job, contents);
  return config;
}

type BackedUpDisk = BackupContents['disks'][string];

function allocateFor(job: DiskJob, drive: Drive, disk: BackedUpDisk | undefined, storage: string | undefined): string {
  const { world, node, vmid, log } = job;
  const id = storage ?? disk?.storage ?? splitVolid(drive.file)?.storage ?? '';
  const size = disk?.size ?? CLOUDINIT_SIZE;
  const format = disk?.format ?? /\.(\w+)$/.exec(drive.file)?.[1] ?? 'raw';
  const kind = disk === undefined ? { suffix: 'cloudinit' } : { used: disk.used };
  const file = allocate(world, { node, storage: id, vmid, format, size, ...kind });
  logFormatting(job, storageOf(world, id), file, format, size);
  log(`new volume ID is '${file}'`);
  return file;
}

function logProgress({ log }: DiskJob, { disks }: BackupContents): void {
  const total = Object.values(disks).reduce((sum, { size }) => sum + size, 0);
  const sparse = total - Object.values(disks).reduce((sum, { used }) => sum + used, 0);
  log(`progress 100% (read ${total} bytes, duration 1 sec)`);
  log(`total bytes read ${total}, sparse bytes ${sparse} (${((sparse / total) * 100).toPrecision(3)}%)`);
  log('space reduction due to 4K zero blocks 1%');
}

/** A restored VM is another generation; with `unique`, another machine altogether. */
function identity(world: World, config: Section, unique: boolean): Section {
  const result = { ...config };
  if (result.vmgenid !== undefined) result.vmgenid = world.random.uuid();
  if (!unique) return result;
  if (result.smbios1 !== undefined)
    result.smbios1 = result.smbios1.replace(/uuid=[^,]*/, `uuid=${world.random.uuid()}`);
  for (const key of Object.keys(result).filter(isNetKey)) {
    const net = parseNet(world.release, result[key] ?? '');
    result[key] = printNet(world.release, {
      ...net,
      macaddr: world.random.mac(world.state.cluster.options.mac_prefix),
    });
  }
  return result;
}
