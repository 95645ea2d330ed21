import { demand } from '../auth/permissions.ts';
import { died } from '../engine/errors.ts';
import type { World } from '../engine/world.ts';
import type { Section, VmState } from '../state/types.ts';
import { splitVolid } from '../storage/layout.ts';
import { free } from '../storage/volumes.ts';
import { isVolumeInUse, ownsVolume } from './disks.ts';
import { type Drive, drivesOf, isCdrom, isCloudinit } from './drives.ts';

/** `unused0` to `unused255`. */
const MAX_UNUSED = 256;

/** A volume that no drive uses any more stays the VM's as `unusedN`, with the lowest free N. */
export function addUnused(section: Section, volid: string): void {
  let free: string | undefined;
  for (let index = MAX_UNUSED - 1; index >= 0; index--) {
    const key = `unused${index}`;
    if (section[key] === volid) return;
    if (section[key] === undefined) free = key;
  }
  if (free === undefined) throw died('Too many unused volumes - please delete them first.');
  section[free] = volid;
}

/** What becomes of the volume of a drive that was replaced or detached [vmconfig_register_unused_drive]. */
export function retireDrive(world: World, vm: VmState, drive: Drive): void {
  if (isCloudinit(drive)) {
    free(world, vm.node, drive.file);
    vm.config.cloudinit = {};
  } else if (!isCdrom(drive) && ownsVolume(world, vm.node, vm.vmid, drive.file)) {
    addUnused(vm.config.current, drive.file);
  }
}

/** A volume that is used again is unused no more; to be called after each change of the drives. */
export function dropReused(world: World, vm: VmState): void {
  const { current, pending } = vm.config;
  const unused = Object.keys(current).filter(key => key.startsWith('unused'));
  if (unused.length === 0) return;
  const used = new Set(
    [current, pending].flatMap(section => drivesOf(world.release, section).map(drive => drive.file)),
  );
  for (const key of unused) if (used.has(current[key] ?? '')) delete current[key];
}

/** Destroys the volume of a drive for good; true if the key may go [try_deallocate_drive]. */
export function destroyDrive(world: World, vm: VmState, authid: string, drive: Drive, force: boolean): boolean {
  if ((!force && !drive.key.startsWith('unused')) || isCdrom(drive, true)) return false;
  if (!ownsVolume(world, vm.node, vm.vmid, drive.file)) return true;
  demand(world, authid, `/storage/${splitVolid(drive.file)?.storage ?? ''}`, ['Datastore.AllocateSpace']);
  const { [drive.key]: _, ...others } = vm.config.current;
  if (isVolumeInUse(world, [others, ...Object.values(vm.config.snapshots)], drive.file)) {
    throw died(`unable to delete '${drive.file}' - volume is still in use (snapshot?)`);
  }
  free(world, vm.node, drive.file);
  return true;
}
