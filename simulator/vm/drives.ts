import { printPropertyString, splitPropertyString } from '#simulator/schema/property-string.ts';
import { propertyTable } from '#simulator/schema/property-tables.ts';
import type { Release } from '#simulator/schema/routes.ts';
import type { Section } from '../state/types.ts';

/** A drive of a VM: its key, what it is on, and its other options. */
export interface Drive {
  key: string;
  /** A volume id, `none`, `cdrom`, or a request such as `local:32`. */
  file: string;
  options: Record<string, string>;
}

const KEY = /^(?:(?:ide|scsi|virtio|sata|unused)\d+|efidisk0|tpmstate0)$/;

/** Whether a key of the configuration is a drive, `unusedN` aside. */
export function isDriveKey(key: string): boolean {
  return KEY.test(key) && !key.startsWith('unused');
}

function tableOf(release: Release, key: string) {
  const table = propertyTable(release, /^(?:efidisk|tpmstate)/.test(key) ? key : key.replace(/\d+$/, ''));
  if (table === undefined) throw new Error(`'${key}' is no drive`);
  return table;
}

/** Reads a drive's property string, which is known to be valid. */
export function parseDrive(release: Release, key: string, value: string): Drive {
  const split = splitPropertyString(tableOf(release, key), value);
  if (!split.ok) throw new Error(`bad drive ${key}: ${split.message}`);
  const { file = '', ...options } = split.values;
  return { key, file, options };
}

/** Writes a drive as the configuration has it. */
export function printDrive(release: Release, drive: Drive): string {
  return printPropertyString(tableOf(release, drive.key), { file: drive.file, ...drive.options });
}

/** Whether the drive shows a CD; a cloud-init drive is one too, unless `excludeCloudinit`. */
export function isCdrom(drive: Drive, excludeCloudinit = false): boolean {
  if (excludeCloudinit && isCloudinit(drive)) return false;
  return drive.options.media === 'cdrom';
}

/** Whether the drive is cloud-init's. */
export function isCloudinit(drive: Drive): boolean {
  return /[:/]vm-\d+-cloudinit(?:\.\w+)?$/.test(drive.file) || /:cloudinit$/.test(drive.file);
}

/** The size in a request for a new disk, `local:32`, in bytes; undefined if it is none. */
export function requestedSize(file: string): { storage: string; size: number } | undefined {
  const match = /^(([^/:\s]+):)?(\d+(?:\.\d+)?)$/.exec(file);
  return match === null ? undefined : { storage: match[2] ?? '', size: Math.round(Number(match[3]) * 2 ** 30) };
}

/** The drives of a section in the order of their keys, which is that of copying [sort keys]. */
export function drivesOf(release: Release, section: Section): Drive[] {
  return Object.keys(section)
    .filter(isDriveKey)
    .sort()
    .map(key => parseDrive(release, key, section[key] ?? ''));
}

const UNITS = ['', 'K', 'M', 'G', 'T'] as const;

/** Writes bytes as `32G`, `528K` or plain: the largest unit that divides [PVE::JSONSchema::format_size]. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (unit < UNITS.length - 1 && value !== 0 && value % 1024 === 0) {
    value /= 1024;
    unit++;
  }
  return `${value}${UNITS[unit]}`;
}

/** Reads `32G`, `1.5T` or plain bytes. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMGT])?$/.exec(text);
  if (match === null) return 0;
  const exponent = UNITS.indexOf((match[2] ?? '') as (typeof UNITS)[number]);
  return Math.round(Number(match[1]) * 1024 ** exponent);
}
