import { demand, may } from '../auth/permissions.ts';
import { demandWritable } from '../engine/cluster-files.ts';
import { died, forbidden } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import { type Call, type Params, required, text, type World } from '../engine/world.ts';
import type { BackupContents, StorageState, VmState } from '../state/types.ts';
import { pathOf, splitVolid } from '../storage/layout.ts';
import { add, findVolume, placeOf, volumeOf } from '../storage/volumes.ts';
import type { Worker } from '../tasks/tasks.ts';
import { demandVolume } from './access.ts';
import { checkLock, renderSection } from './config.ts';
import { work } from './disks.ts';
import { drivesOf, formatSize, isCdrom } from './drives.ts';
import { agentEnabled, hasAgent } from './guest.ts';
import { underLock } from './lock.ts';

/** What the archive is compressed to. */
const COMPRESSION = 0.3;

/** POST vzdump: all that can be wrong is found in the task. */
export function backUp(call: Call): string {
  const { world, params, node, who } = call;
  const vmids = (text(params, 'vmid') ?? '')
    .split(/[,;\s]+/)
    .filter(vmid => vmid !== '')
    .map(Number);
  const id = vmids.length === 1 ? String(vmids[0]) : '';
  return world.tasks.fork({ node, type: 'vzdump', id, authid: who.authid }, function* (worker) {
    const storage = backupStorage(world, worker, node, text(params, 'storage') ?? 'local');
    worker.log(`INFO: starting new backup job: vzdump ${vmids.join(' ')} ${asGiven(params)} --node ${node}`);
    for (const vmid of vmids) {
      if (!may(world, who.authid, `/vms/${vmid}`, ['VM.Backup'])) throw forbidden(`/vms/${vmid}, VM.Backup`);
      yield* backUpVm(world, worker, node, vmid, storage, text(params, 'notes-template'));
    }
    worker.log('INFO: Backup job finished successfully');
    worker.log(NO_MAIL);
  });
}

/** A fresh installation cannot mail its root. */
const NO_MAIL =
  'ERROR: could not notify via target `mail-to-root`: could not notify via endpoint(s): mail-to-root: ' +
  'no recipients provided for the mail, cannot send it.';

function asGiven(params: Params): string {
  return ['storage', 'mode', 'notes-template', 'compress']
    .filter(key => params[key] !== undefined)
    .map(key => `--${key} ${quoted(String(params[key]))}`)
    .join(' ');
}

const quoted = (value: string): string => (/^[\w.:/-]+$/.test(value) ? value : `'${value}'`);

function backupStorage(world: World, worker: Worker, node: string, id: string): StorageState {
  const storage = world.state.storages[id];
  const fail = (text: string) => {
    worker.log(NO_MAIL);
    return died(text);
  };
  if (storage === undefined) {
    const problem = `storage '${id}' does not exist`;
    throw fail(
      `could not activate storage '${id}': ${problem}\ncould not get storage information for '${id}': ${problem}`,
    );
  }
  if (!storage.content.includes('backup')) {
    throw fail(
      `could not get storage information for '${id}': can't use storage '${id}' for backups - wrong content type`,
    );
  }
  placeOf(storage, node);
  return storage;
}

function* backUpVm(
  world: World,
  worker: Worker,
  node: string,
  vmid: number,
  storage: StorageState,
  notesTemplate: string | undefined,
): Steps<void> {
  const started = new Date(world.clock.now()).toISOString();
  const [date = '', time = ''] = started.slice(0, 19).split('T');
  worker.log(`INFO: Starting Backup of VM ${vmid} (qemu)`);
  worker.log(`INFO: Backup started at ${date} ${time}`);
  const vm = yield* underLock(world, worker.process, vmid, () => lockForBackup(world, node, vmid));
  const before = vm.config.current.lock;
  demandWritable(world, node, vmid);
  vm.config.current.lock = 'backup';
  const name = `backup/vzdump-qemu-${vmid}-${date.replaceAll('-', '_')}-${time.replaceAll(':', '_')}.vma.zst`;
  const contents = contentsOf(world, vm);
  logPlan(world, worker, vm, `${pathOf(storage, name)}`);
  const bytes = Object.values(contents.disks).reduce((sum, disk) => sum + disk.used, 0);
  yield* work(world, 'backup', bytes);
  const size = Math.max(1024, Math.floor(bytes * COMPRESSION));
  const notes = notesTemplate?.replaceAll('{{guestname}}', vm.config.current.name ?? '');
  add(placeOf(storage, node), name, {
    content: 'backup',
    format: 'vma.zst',
    size,
    used: size,
    vmid,
    createdAt: Date.parse(started),
    snapshots: {},
    backup: contents,
    ...(notes === undefined ? {} : { notes }),
  });
  if (before === undefined) delete vm.config.current.lock;
  logEnd(world, worker, vmid, contents, size, notes !== undefined);
}

function lockForBackup(world: World, node: string, vmid: number): VmState {
  const vm = world.state.vms[vmid];
  if (vm === undefined || vm.node !== node) throw died(`unable to find VM '${vmid}'`);
  checkLock(vm);
  return vm;
}

function contentsOf(world: World, vm: VmState): BackupContents {
  const disks: BackupContents['disks'] = {};
  for (const drive of drivesOf(world.release, vm.config.current)) {
    if (isCdrom(drive) || drive.options.backup === '0') continue;
    const { storage, volume } = volumeOf(world, vm.node, drive.file);
    disks[drive.key] = { storage: storage.id, format: volume.format, size: volume.size, used: volume.used };
  }
  return { config: { ...vm.config.current }, disks };
}

function logPlan(world: World, worker: Worker, vm: VmState, archive: string): void {
  const { current } = vm.config;
  worker.log(`INFO: status = ${vm.run === undefined ? 'stopped' : 'running'}`);
  worker.log(`INFO: VM Name: ${current.name ?? ''}`);
  for (const drive of drivesOf(world.release, current)) {
    if (isCdrom(drive)) continue;
    const size = formatSize(findVolume(world, vm.node, drive.file)?.volume.size ?? 0);
    worker.log(`INFO: include disk '${drive.key}' '${drive.file}' ${size}`);
  }
  worker.log(`INFO: backup mode: ${vm.run === undefined ? 'stop' : 'snapshot'}`);
  worker.log('INFO: ionice priority: 7');
  for (const key of Object.keys(current).filter(option => /^unused\d+$/.test(option))) {
    worker.log(`INFO: skip unused drive '${current[key]}' (not included into backup)`);
  }
  worker.log(`INFO: creating vzdump archive '${archive}'`);
  if (agentEnabled(vm) && hasAgent(world, vm)) {
    worker.log("INFO: issuing guest-agent 'fs-freeze' command");
    worker.log("INFO: issuing guest-agent 'fs-thaw' command");
  }
  worker.log(`INFO: started backup task '${world.random.uuid()}'`);
  worker.log('INFO: resuming VM again');
}

function logEnd(
  world: World,
  worker: Worker,
  vmid: number,
  contents: BackupContents,
  size: number,
  notes: boolean,
): void {
  const total = Object.values(contents.disks).reduce((sum, disk) => sum + disk.size, 0) / 2 ** 30;
  const finished = new Date(world.clock.now()).toISOString().slice(0, 19).replace('T', ' ');
  const all = `${total.toFixed(1)} GiB`;
  worker.log(`INFO: 100% (${all} of ${all}) in 4s, read: 1.0 GiB/s, write: 0 B/s`);
  worker.log(`INFO: backup is sparse: ${(total * 0.9).toFixed(2)} GiB (90%) total zero data`);
  worker.log(`INFO: transferred ${total.toFixed(2)} GiB in 4 seconds (1.0 GiB/s)`);
  worker.log(`INFO: archive file size: ${Math.round(size / 2 ** 20)}MB`);
  if (notes) worker.log('INFO: adding notes to backup');
  worker.log(`INFO: Finished Backup of VM ${vmid} (00:00:05)`);
  worker.log(`INFO: Backup finished at ${finished}`);
}

/** An archive of a VM. */
export interface Backup {
  path: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
  contents: BackupContents;
}

/** Finds an archive; throws if there is none. */
export function backupOf(world: World, node: string, volid: string): Backup {
  const found = findVolume(world, node, volid);
  const contents = found?.volume.backup;
  if (found === undefined || contents === undefined) throw died(`volume '${volid}' does not exist`);
  return { path: pathOf(found.storage, found.name), createdAt: found.volume.createdAt, contents };
}

/** GET vzdump/extractconfig: the configuration as the archive has it. */
export function extractConfig({ world, node, params, who }: Call): string {
  const volid = required(params, 'volume');
  demandVolume(world, who.authid, undefined, volid, 'backup');
  const storage = splitVolid(volid)?.storage ?? '';
  demand(world, who.authid, `/storage/${storage}`, ['Datastore.AllocateSpace', 'Datastore.Audit'], true);
  return archivedConfig(backupOf(world, node, volid).contents);
}

/** The configuration file in an archive, with where its disks came from. */
export function archivedConfig({ config, disks }: BackupContents): string {
  const kept = Object.entries(config).filter(([key]) => !/^(?:lock|parent|unused\d+)$/.test(key));
  const maps = Object.entries(disks).map(
    ([key, disk]) => `#qmdump#map:${key}:drive-${key}:${disk.storage}:${disk.format}:\n`,
  );
  return `${renderSection(Object.fromEntries(kept))}${maps.join('')}`;
}
