import { demand } from '../auth/permissions.ts';
import { demandWritable } from '../engine/cluster-files.ts';
import { died } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import { type Call, required, text, type World } from '../engine/world.ts';
import { resizeVolume, volumeOf } from '../storage/volumes.ts';
import type { Worker } from '../tasks/tasks.ts';
import { checkLock, digestOf, vmOn } from './config.ts';
import { work } from './disks.ts';
import { formatSize, isCdrom, parseDrive, parseSize, printDrive } from './drives.ts';
import { underLock } from './lock.ts';
import { demandRootFor } from './root-only.ts';

interface Order {
  node: string;
  vmid: number;
  authid: string;
  disk: string;
  size: string;
  digest: string | undefined;
  skiplock: boolean;
}

/** PUT resize: nothing but the parameters is checked before the task. */
export function resizeDisk(call: Call): string {
  const { world, params, node, who } = call;
  demandRootFor(who, params, 'skiplock');
  const order: Order = {
    node,
    vmid: Number(params.vmid),
    authid: who.authid,
    disk: required(params, 'disk'),
    size: required(params, 'size'),
    digest: text(params, 'digest'),
    skiplock: params.skiplock === 1,
  };
  return world.tasks.fork({ node, type: 'resize', id: String(order.vmid), authid: who.authid }, worker =>
    underLock(world, worker.process, order.vmid, () => resize(world, worker, order)),
  );
}

function* resize(world: World, worker: Worker, order: Order): Steps<void> {
  const vm = vmOn(world, order.node, order.vmid);
  if (order.digest !== undefined && order.digest !== digestOf(vm.config)) {
    throw died('checksum mismatch (file change by other user?)');
  }
  if (!order.skiplock) checkLock(vm);
  const { current } = vm.config;
  const value = current[order.disk];
  if (value === undefined) throw died(`disk '${order.disk}' does not exist`);
  const drive = parseDrive(world.release, order.disk, value);
  if (isCdrom(drive)) throw died("you can't resize a cdrom");
  const found = volumeOf(world, order.node, drive.file);
  if (Object.keys(found.volume.snapshots).length > 0 && found.volume.format === 'vmdk') {
    throw died("can't resize volume: backing device has snapshots");
  }
  demand(world, order.authid, `/storage/${found.storage.id}`, ['Datastore.AllocateSpace']);
  const size = targetSize(order.size, found.volume.size);
  if (size < found.volume.size) throw died('shrinking disks is not supported');
  if (size === found.volume.size) return;
  yield* work(world, 'resize');
  if (vm.run === undefined && found.volume.format === 'qcow2') worker.log('Image resized.');
  resizeVolume(found, size);
  demandWritable(world, vm.node, vm.vmid);
  current[order.disk] = printDrive(world.release, { ...drive, options: { ...drive.options, size: formatSize(size) } });
}

/** `+10G` adds, `32G` is absolute. Sizes are whole KiB. */
function targetSize(wish: string, size: number): number {
  const target = wish.startsWith('+') ? size + parseSize(wish.slice(1)) : parseSize(wish);
  return Math.ceil(target / 1024) * 1024;
}
