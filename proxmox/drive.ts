import { formatPropertyString, type Properties, parsePropertyString } from './property-string.ts';
import { parseSize } from './size.ts';

/** A disk or CD-ROM: `scsiN`, `virtioN`, `sataN`, `ideN` of a VM's config. */
export interface Drive {
  /** `local-lvm:vm-100-disk-0`, `local:iso/debian.iso`, `none` for an empty CD-ROM. */
  volume: string;
  /** Everything else as it stands: `size`, `cache`, `discard`, `media`, … */
  options: Properties;
}

/** Reads a drive. @throws RangeError where it is not one */
export function parseDrive(text: string): Drive {
  const { file, volume = file, ...options } = parsePropertyString(text, 'file');
  if (volume === undefined) throw new RangeError(`a drive without volume: ${JSON.stringify(text)}`);
  return { volume, options };
}

/** Writes a drive. To keep its disk, the volume has to be the one that was read: any other allocates or attaches. */
export function formatDrive({ volume, options }: Drive): string {
  return formatPropertyString({ ...options, file: volume }, 'file');
}

/** The volume to write for a disk that Proxmox is to allocate. */
export function newVolume(storage: string, sizeGiB: number): string {
  return `${storage}:${sizeGiB}`;
}

/** The storage of a volume; undefined for `none` and `cdrom`. */
export function storageOf(volume: string): string | undefined {
  const split = volume.indexOf(':');
  return split > 0 ? volume.slice(0, split) : undefined;
}

/** The size in bytes as the config has it; a CD-ROM may have none. */
export function driveSizeBytes({ options: { size } }: Drive): number | undefined {
  return size === undefined ? undefined : parseSize(size);
}

/** Whether it is the drive that Proxmox writes cloud-init's data to, to be left alone. */
export function isCloudInitDrive({ volume }: Drive): boolean {
  return /[:/](?:vm-\d+-)?cloudinit(?:\.\w+)?$/.test(volume);
}

/** Whether it is a CD-ROM, the drive of cloud-init included. */
export function isCdrom(drive: Drive): boolean {
  return drive.options.media === 'cdrom' || isCloudInitDrive(drive);
}
