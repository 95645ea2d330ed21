import { died } from '../engine/errors.ts';
import type { StorageState, StorageType, VolumeState } from '../state/types.ts';

/** What a storage of some type can do with a volume. */
export interface Ability {
  /** Volumes are files below a path. */
  files: boolean;
  /** Space is taken when a volume is made, not when it is written. */
  thick: boolean;
  /** Formats that can be snapshot. */
  snapshots: readonly string[];
  /** Base volumes can be cloned by link. */
  links: boolean;
  /** The first one is the default. */
  formats: readonly string[];
}

const ABILITIES: Record<StorageType, Ability> = {
  dir: { files: true, thick: false, snapshots: ['qcow2'], links: true, formats: ['raw', 'qcow2', 'vmdk'] },
  nfs: { files: true, thick: false, snapshots: ['qcow2'], links: true, formats: ['raw', 'qcow2', 'vmdk'] },
  lvm: { files: false, thick: true, snapshots: [], links: false, formats: ['raw'] },
  lvmthin: { files: false, thick: false, snapshots: ['raw'], links: true, formats: ['raw'] },
  zfspool: { files: false, thick: true, snapshots: ['raw'], links: true, formats: ['raw'] },
  rbd: { files: false, thick: false, snapshots: ['raw'], links: true, formats: ['raw'] },
};

/** The abilities of a storage's type. */
export function abilityOf(storage: StorageState): Ability {
  return ABILITIES[storage.type];
}

/** The format of new disks for which none is asked. */
export function defaultFormat(storage: StorageState): string {
  return abilityOf(storage).formats[0] ?? 'raw';
}

/** Splits `local:100/vm-100-disk-0.qcow2`; undefined for paths and the like. */
export function splitVolid(volid: string): { storage: string; volume: string } | undefined {
  const match = /^([a-z][a-z0-9\-_.]*[a-z0-9]):(\S+)$/i.exec(volid);
  return match === null ? undefined : { storage: match[1] ?? '', volume: match[2] ?? '' };
}

/** What the name of a volume tells. */
export interface ParsedVolume {
  content: VolumeState['content'];
  vmid?: number;
  format: string;
  /** The part of a linked clone's name that names its base. */
  base?: string;
  /** The name without the part of the base. */
  own: string;
  isBase: boolean;
}

/** Reads a volume's name as the storage's plugin does; throws its text for a name that is none. */
export function parseVolume(storage: StorageState, volume: string): ParsedVolume {
  const parsed = abilityOf(storage).files ? parseFile(volume) : parseBlock(volume);
  if (parsed !== undefined) return parsed;
  const kind = { dir: 'directory', nfs: 'directory', lvm: 'lvm', lvmthin: 'lvm', zfspool: 'zfs', rbd: 'rbd' };
  throw died(`unable to parse ${kind[storage.type]} volume name '${volume}'`);
}

const OTHER_CONTENT: Record<string, VolumeState['content']> = {
  iso: 'iso',
  vztmpl: 'vztmpl',
  backup: 'backup',
  snippets: 'snippets',
  import: 'import',
  rootdir: 'rootdir',
};

function parseFile(volume: string): ParsedVolume | undefined {
  const linked = /^(\d+\/base-\S+?)\/((\d+)\/(vm-\d+-\S+\.(\w+)))$/.exec(volume);
  if (linked) {
    const [, base = '', own = '', vmid = '', , format = ''] = linked;
    return { content: 'images', vmid: Number(vmid), format, base, own, isBase: false };
  }
  const image = /^(\d+)\/(\S+\.(raw|qcow2|vmdk))$/.exec(volume);
  if (image) {
    const [, vmid = '', name = '', format = ''] = image;
    return { content: 'images', vmid: Number(vmid), format, own: volume, isBase: name.startsWith('base-') };
  }
  const [, folder = '', name = ''] = /^(\w+)\/([^/\s]+)$/.exec(volume) ?? [];
  const content = OTHER_CONTENT[folder];
  if (content === undefined) return undefined;
  return { content, format: formatOf(content, name), own: volume, isBase: false, ...ownerOf(content, name) };
}

function formatOf(content: VolumeState['content'], name: string): string {
  if (content === 'iso') return 'iso';
  if (content === 'snippets') return 'snippet';
  if (content === 'backup') return /\.((?:vma|tar|tgz)(?:\.(?:zst|gz|lzo))?)$/.exec(name)?.[1] ?? 'vma';
  return name.slice(name.lastIndexOf('.') + 1);
}

function ownerOf(content: VolumeState['content'], name: string): { vmid?: number } {
  const match = content === 'backup' ? /^vzdump-\w+-(\d+)-/.exec(name) : null;
  return match === null ? {} : { vmid: Number(match[1]) };
}

function parseBlock(volume: string): ParsedVolume | undefined {
  const match = /^(?:(base-\d+-\S+)\/)?((vm|base)-(\d+)-\S+)$/.exec(volume);
  if (match === null) return undefined;
  const [, base, own = '', prefix, vmid = ''] = match;
  return {
    content: 'images',
    vmid: Number(vmid),
    format: 'raw',
    own,
    isBase: prefix === 'base',
    ...(base === undefined ? {} : { base }),
  };
}

/** The name without that of the base, which a linked clone's has in front; the name itself if it has no such form. */
export function ownName(storage: StorageState, volume: string): string {
  const parsed = abilityOf(storage).files ? parseFile(volume) : parseBlock(volume);
  return parsed?.own ?? volume;
}

/** Whether the name of a linked clone tells its base. Thin LVM does not say. */
export function namesBase(storage: StorageState): boolean {
  return storage.type !== 'lvmthin';
}

/** Where a volume lies on its node. */
export function pathOf(storage: StorageState, volume: string): string {
  const { content, own } = parseVolume(storage, volume);
  const root = storage.path ?? '';
  switch (storage.type) {
    case 'dir':
    case 'nfs': {
      const folders = { images: 'images', rootdir: 'private', iso: 'template/iso', vztmpl: 'template/cache' };
      const rest = { backup: 'dump', snippets: 'snippets', import: 'import' };
      const folder = { ...folders, ...rest }[content];
      return `${root}/${folder}/${content === 'images' ? own : own.slice(own.indexOf('/') + 1)}`;
    }
    case 'zfspool':
      return `/dev/zvol/${storage.id}/${own}`;
    case 'rbd':
      return `rbd:${storage.id}/${own}`;
    default:
      return `/dev/${storage.id}/${own}`;
  }
}

/** The name of a VM's n-th disk, or of a special one such as `cloudinit` or `state-s1`. */
export function volumeName(storage: StorageState, vmid: number, suffix: string, format: string, prefix = 'vm'): string {
  const name = `${prefix}-${vmid}-${suffix}`;
  return abilityOf(storage).files ? `${vmid}/${name}.${format}` : name;
}
