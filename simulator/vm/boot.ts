import type { Release } from '#simulator/schema/routes.ts';
import type { World } from '../engine/world.ts';
import type { Section, VmState } from '../state/types.ts';
import { findVolume } from '../storage/volumes.ts';
import { type Drive, drivesOf, isCdrom, isDriveKey, parseDrive } from './drives.ts';

const BUSES = ['ide', 'scsi', 'virtio', 'sata'];

/** Devices in the order in which the firmware would try them without a boot order [valid_drive_names]. */
function busOrder(key: string): number {
  return BUSES.findIndex(bus => key.startsWith(bus)) * 100 + Number(/\d+$/.exec(key)?.[0] ?? 0);
}

function bootable(release: Release, section: Section): Drive[] {
  return drivesOf(release, section)
    .filter(drive => BUSES.some(bus => drive.key.startsWith(bus)))
    .sort((a, b) => busOrder(a.key) - busOrder(b.key));
}

/** The boot order of a new VM that names none: first disk, first CD, first network [get_default_bootdevices]. */
export function defaultBootOrder(release: Release, section: Section): string[] {
  const drives = bootable(release, section);
  const disk = drives.find(drive => !isCdrom(drive));
  const cdrom = drives.find(drive => isCdrom(drive, true));
  const net = Object.keys(section)
    .filter(key => /^net\d+$/.test(key))
    .sort((a, b) => Number(a.slice(3)) - Number(b.slice(3)))[0];
  return [disk?.key, cdrom?.key, net].filter(key => key !== undefined);
}

/** Writes a boot order; an empty one is the empty text, which the file gives back as a blank. */
export function printBootOrder(devices: string[]): string {
  return devices.length === 0 ? ' ' : `order=${devices.join(';')}`;
}

/** The devices of a boot order. */
export function bootOrderOf(section: Section): string[] {
  const order = /(?:^|,)order=([^,]*)/.exec(section.boot ?? '')?.[1];
  return order === undefined ? [] : order.split(/[;\s]+/).filter(key => key !== '');
}

/** The size of the disk that the VM boots from; 0 if there is none. */
export function bootDiskSize(world: World, vm: VmState): number {
  const section = vm.config.current;
  const first = bootOrderOf(section).find(
    key => isDriveKey(key) && section[key] !== undefined && !isCdrom(parseDrive(world.release, key, section[key])),
  );
  const drive =
    first === undefined
      ? section.boot === undefined && bootable(world.release, section).find(candidate => !isCdrom(candidate))
      : parseDrive(world.release, first, section[first] ?? '');
  return drive ? (findVolume(world, vm.node, drive.file)?.volume.size ?? 0) : 0;
}
