/** How many of an indexed key a VM has, `net0` to `net31` for one, in 8.4 and in 9. */
const indexed = { net: 32, scsi: 31, virtio: 16, sata: 6, ide: 4, ipconfig: 32, serial: 4 } as const;

const single = [
  'acpi',
  'agent',
  'balloon',
  'bios',
  'boot',
  'cipassword',
  'ciupgrade',
  'ciuser',
  'cores',
  'cpu',
  'description',
  'efidisk0',
  'machine',
  'memory',
  'name',
  'nameserver',
  'numa',
  'onboot',
  'ostype',
  'protection',
  'scsihw',
  'searchdomain',
  'sockets',
  'sshkeys',
  'tags',
  'tpmstate0',
  'vga',
] as const;

/**
 * The keys of a VM's config that this client sets. What reaches beyond the VM is left out for good: `args`,
 * `hookscript`, `cicustom`, `lock`, host devices (`hostpci`, `usb`), host paths.
 */
export const settableKeys: readonly string[] = [
  ...single,
  ...Object.entries(indexed).flatMap(([key, count]) => Array.from({ length: count }, (_, index) => `${key}${index}`)),
];

const settable = new Set(settableKeys);

/** Whether {@link settableKeys} has a key. */
export function isSettable(key: string): boolean {
  return settable.has(key);
}

/** Whether a text is the name of a config key, so that it may be deleted: `unused0`, `hookscript`, `net0`. */
export function isConfigKey(key: string): boolean {
  return /^[a-z][a-z0-9_-]{1,39}$/.test(key);
}
