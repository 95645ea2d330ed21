import { demand, demandOnVm } from '../auth/permissions.ts';
import { demandWritable } from '../engine/cluster-files.ts';
import { badParameters, died, PveError } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import { type Call, flag, required, text, type World } from '../engine/world.ts';
import type { Section, VmState } from '../state/types.ts';
import { splitVolid } from '../storage/layout.ts';
import { findVolume, free, makeBase, renameVolume, usableStorage, volumeOf } from '../storage/volumes.ts';
import type { Worker } from '../tasks/tasks.ts';
import { bootOrderOf, printBootOrder } from './boot.ts';
import { checkLock, digestOf, isTemplate, vmOn } from './config.ts';
import { copyVolume, isVolumeInUse, work } from './disks.ts';
import { type Drive, formatSize, isCdrom, parseDrive, printDrive } from './drives.ts';
import { underLock } from './lock.ts';
import { completeMirror } from './mirror.ts';
import { applyPending } from './pending.ts';
import { addUnused } from './unused.ts';

interface Move {
  node: string;
  vmid: number;
  disk: string;
  storage: string;
  format: string | undefined;
  deletes: boolean;
  digest: string | undefined;
}

/** POST move_disk: to another storage, or to another VM. */
export function moveDisk(call: Call): string {
  const { world, params, who } = call;
  const storage = text(params, 'storage');
  const target = text(params, 'target-vmid');
  if (storage !== undefined && target !== undefined) {
    const words = "either set 'storage' or 'target-vmid', but not both";
    throw badParameters({ 'target-vmid': words, storage: words });
  }
  if (target !== undefined) return reassign(call, Number(target));
  if (storage === undefined) {
    const words = "both 'storage' and 'target-vmid' missing, either needs to be set";
    throw badParameters({ 'target-vmid': words, storage: words });
  }
  demand(world, who.authid, `/storage/${storage}`, ['Datastore.AllocateSpace']);
  const move: Move = {
    node: call.node,
    vmid: Number(params.vmid),
    disk: required(params, 'disk'),
    storage,
    format: text(params, 'format'),
    deletes: flag(params, 'delete'),
    digest: text(params, 'digest'),
  };
  checkMove(world, move);
  const order = { node: move.node, type: 'qmmove', id: String(move.vmid), authid: who.authid };
  return world.tasks.fork(order, worker => underLock(world, worker.process, move.vmid, () => run(world, worker, move)));
}

/** The text of assert_if_modified, which is another than that of config. */
const MODIFIED = 'detected modified configuration - file changed by other user? Try again.';

function checkMove(world: World, move: Move): { vm: VmState; drive: Drive } {
  const vm = vmOn(world, move.node, move.vmid);
  checkLock(vm);
  if (move.digest !== undefined && move.digest !== digestOf(vm.config)) throw died(MODIFIED);
  const value = vm.config.current[move.disk];
  if (value === undefined) throw died(`disk '${move.disk}' does not exist`);
  const drive = parseDrive(world.release, move.disk, value);
  if (isCdrom(drive, true)) throw died("you can't move a cdrom");
  const from = splitVolid(drive.file);
  const oldFormat = /\.(raw|qcow2|vmdk)$/.exec(drive.file)?.[1];
  if (from?.storage === move.storage && (!move.format || !oldFormat || oldFormat === move.format)) {
    throw died("you can't move to the same storage with same format");
  }
  if (!usableStorage(world, move.storage, move.node).content.includes('images')) {
    throw badParameters({ storage: `storage '${move.storage}' does not support vm images` });
  }
  if (move.deletes && isVolumeInUse(world, Object.values(vm.config.snapshots), drive.file)) {
    throw died("you can't move a disk with snapshots and delete the source");
  }
  return { vm, drive };
}

function* run(world: World, worker: Worker, move: Move): Steps<void> {
  const { vm, drive } = checkMove(world, move);
  const made: string[] = [];
  const job = { world, node: move.node, vmid: move.vmid, authid: worker.task.authid, log: worker.log };
  let file: string;
  try {
    const target = usableStorage(world, move.storage, move.node);
    file = yield* copyVolume(job, drive, target, move.format, made, vm.run !== undefined);
    if (vm.run !== undefined) completeMirror(drive.key, worker.log);
  } catch (error) {
    if (!(error instanceof PveError)) throw error;
    for (const volid of made) free(world, move.node, volid);
    throw died(
      `storage migration failed: ${error.message === 'received interrupt' ? 'interrupted by signal' : error.text}`,
    );
  }
  demandWritable(world, move.node, move.vmid);
  const { current } = vm.config;
  if (isTemplate(vm)) file = makeBase(volumeOf(world, move.node, file));
  const { format: _, ...options } = drive.options;
  const size = formatSize(volumeOf(world, move.node, file).volume.size);
  current[move.disk] = printDrive(world.release, { key: drive.key, file, options: { ...options, size } });
  if (move.deletes) free(world, move.node, drive.file);
  else addUnused(current, drive.file);
}

/** Another VM of the node gets the disk; its volume is renamed. */
function reassign(call: Call, target: number): string {
  const { world, params, who, node } = call;
  const vmid = Number(params.vmid);
  const disk = required(params, 'disk');
  const key = text(params, 'target-disk') ?? disk;
  demandOnVm(world, who.authid, target, ['VM.Config.Disk']);
  if (target === vmid) throw badParameters({ 'target-vmid': 'must be different than source VMID to reassign disk' });
  const digests = { source: text(params, 'digest'), target: text(params, 'target-digest') };
  const check = () => checkReassign(world, vmid, target, disk, key, digests);
  const { drive } = check();
  const storage = splitVolid(drive.file)?.storage ?? '';
  demand(world, who.authid, `/storage/${storage}`, ['Datastore.AllocateSpace']);
  const order = { node, type: 'qmmove', id: `${vmid}-${disk}>${target}-${key}`, authid: who.authid };
  return world.tasks.fork(order, worker =>
    underLock(world, worker.process, vmid, () =>
      underLock(world, worker.process, target, function* () {
        const found = check();
        worker.log(`moving disk '${disk}' from VM '${vmid}' to '${target}'`);
        yield* work(world, 'finish');
        handOver(world, worker, found.source, found.target, found.drive, key);
      }),
    ),
  );
}

function checkReassign(
  world: World,
  vmid: number,
  targetId: number,
  disk: string,
  key: string,
  digests: { source: string | undefined; target: string | undefined },
): { source: VmState; target: VmState; drive: Drive } {
  const source = world.state.vms[vmid];
  const target = world.state.vms[targetId];
  if (source === undefined) throw died(`could not find VM ${vmid}`);
  if (target === undefined) throw died(`could not find target VM ${targetId}`);
  if (source.node !== target.node) {
    throw died(`Both VMs need to be on the same node (${source.node} != ${target.node})`);
  }
  checkLock(source);
  checkLock(target);
  if (isTemplate(source) || isTemplate(target)) throw died("Can't move disks from or to template VMs");
  if (digests.source !== undefined && digests.source !== digestOf(source.config)) throw died(`VM ${vmid}: ${MODIFIED}`);
  if (digests.target !== undefined && digests.target !== digestOf(target.config))
    throw died(`VM ${targetId}: ${MODIFIED}`);
  const value = source.config.current[disk];
  if (value === undefined) throw died(`Disk '${disk}' for VM '${vmid}' does not exist`);
  if (target.config.current[key] !== undefined) {
    throw died(`Target disk key '${key}' is already in use for VM '${targetId}'`);
  }
  const drive = parseDrive(world.release, disk, value);
  if (isCdrom(drive, true)) throw died("CD drive contents can't be moved to another VM");
  if (isVolumeInUse(world, Object.values(source.config.snapshots), drive.file)) {
    throw died("Can't move disk used by a snapshot to another VM");
  }
  if (source.run !== undefined && !disk.startsWith('unused')) {
    throw died('Cannot move disk to another VM while the source VM is running - detach first');
  }
  return { source, target, drive };
}

function handOver(world: World, worker: Worker, source: VmState, target: VmState, drive: Drive, key: string): void {
  const from: Section = source.config.current;
  const found = findVolume(world, source.node, drive.file);
  const file = found === undefined ? drive.file : renameVolume(found, target.vmid);
  const order = bootOrderOf(from);
  if (order.includes(drive.key)) {
    worker.log(`removing disk '${drive.key}' from boot order config`);
    from.boot = printBootOrder(order.filter(device => device !== drive.key));
  }
  delete from[drive.key];
  worker.log(`removing disk '${drive.key}' from VM '${source.vmid}' config`);
  if (key.startsWith('unused')) {
    target.config.current[key] = file;
    return;
  }
  const text = printDrive(world.release, { key, file, options: drive.options });
  worker.log(`update VM ${target.vmid}: -${key} ${text}`);
  target.config.pending[key] = text;
  if (target.run === undefined) applyPending(world, target, worker.task.authid);
}
