import { joinPool } from '../auth/membership.ts';
import { badParameters, died, PveError } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import { type Call, flag, text, type World } from '../engine/world.ts';
import type { BackupContents, Section } from '../state/types.ts';
import { pathOf } from '../storage/layout.ts';
import { allocate, free, storageOf } from '../storage/volumes.ts';
import type { Worker } from '../tasks/tasks.ts';
import { demandVolume } from './access.ts';
import { backupContents } from './backup.ts';
import { checkProtection, vmOn } from './config.ts';
import { reserve } from './create.ts';
import { type DiskJob, ownsVolume, work } from './disks.ts';
import { drivesOf, isCloudinit, isDriveKey, parseDrive, printDrive } from './drives.ts';
import { linuxGuest } from './guest.ts';
import { isNetKey, parseNet, printNet } from './nets.ts';
import { start } from './power.ts';
import { underLock } from './update.ts';

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
  const { node, vmid } = order;
  const vm = vmOn(world, node, vmid);
  const contents = backupContents(world, node, order.archive);
  worker.log(
    `restore vma archive: zstd -q -d -c ${order.archive} | vma extract -v -r /var/tmp/vzdumptmp1.fifo - /var/tmp/vzdumptmp1`,
  );
  for (const drive of drivesOf(world.release, vm.config.current)) {
    if (ownsVolume(world, node, vmid, drive.file)) free(world, node, drive.file);
  }
  const job: DiskJob = { world, node, vmid, authid: worker.task.authid, log: worker.log };
  const config = yield* restoreDisks(job, contents, order.storage);
  vm.config.current = { ...identity(world, config, order.unique), ...order.set };
  vm.config.pending = {};
  vm.config.pendingDelete = {};
  vm.config.snapshots = {};
  vm.guest = linuxGuest();
  worker.log('rescan volumes...');
  if (order.pool !== undefined) joinPool(world.state, vmid, order.pool);
}

function* restoreDisks(job: DiskJob, contents: BackupContents, storage: string | undefined): Steps<Section> {
  const { world, node, vmid } = job;
  const config: Section = {};
  for (const [key, value] of Object.entries(contents.config)) {
    if (key === 'lock' || key === 'parent' || /^unused\d+$/.test(key)) continue;
    if (!isDriveKey(key)) {
      config[key] = value;
      continue;
    }
    const drive = parseDrive(world.release, key, value);
    const disk = contents.disks[key];
    if (disk === undefined && !isCloudinit(drive)) {
      config[key] = value;
      continue;
    }
    const id = storage ?? disk?.storage ?? drive.file.split(':')[0] ?? '';
    const size = disk?.size ?? CLOUDINIT_SIZE;
    const format = disk?.format ?? 'qcow2';
    const order = { node, storage: id, vmid, format, size };
    const file = allocate(
      world,
      disk === undefined ? { ...order, suffix: 'cloudinit' } : { ...order, used: disk.used },
    );
    if (disk !== undefined) {
      job.log(`new volume ID is '${file}'`);
      const path = pathOf(storageOf(world, id), file.slice(file.indexOf(':') + 1));
      job.log(`map 'drive-${key}' to '${path}' (write zeros = 0)`);
      yield* work(world, 'copy', disk.used);
    }
    config[key] = printDrive(world.release, { ...drive, file });
  }
  return config;
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
