import type { VirtualMachine } from '#api/kinds.ts';
import type { ProxmoxClusterSpec } from '#api/proxmox-cluster.ts';
import type { ConfigChange, MachineConfig, MachineDisk } from './machine.ts';

/** An empty CD-ROM drive's volume. */
const empty = 'none';

/** Where a CD-ROM drive is put that is not there yet; Proxmox has its own at ide2, and templates cloud-init's there. */
const cdromKeys = ['ide2', 'ide0', 'sata5', 'sata4'];

/** `root` is the disk that is booted first; every disk that was made empty carries its name as its serial number. */
export function findDisk(disks: MachineDisk[], name: string): MachineDisk | undefined {
  const named = disks.find(({ serial }) => serial === name);
  return named ?? (name === 'root' ? disks.find(({ root }) => root) : undefined);
}

/** Every key that has a drive. */
export const takenKeys = ({ disks, cdroms }: MachineConfig): Set<string> =>
  new Set([...disks, ...cdroms].map(({ key }) => key));

/** What the CD-ROM drive is to have; undefined where nothing is to change. Media are swapped, drives never removed. */
export function wantedCdrom(
  { spec }: VirtualMachine,
  config: MachineConfig,
  { isNew, isos = [] }: { isNew: boolean; isos?: ProxmoxClusterSpec['isos'] | undefined },
): ConfigChange['cdrom'] {
  const name = spec.cdrom ? spec.cdrom.iso : isNew ? spec.source.iso?.name : undefined;
  if (name === undefined && !spec.cdrom) return undefined;
  const volume = name === undefined ? empty : isos.find(iso => iso.name === name)?.volume;
  const drive = config.cdroms.find(({ cloudInit }) => !cloudInit);
  if (volume === undefined || volume === (drive?.volume ?? empty)) return undefined;
  const taken = takenKeys(config);
  const key = drive?.key ?? cdromKeys.find(candidate => !taken.has(candidate));
  return key === undefined ? undefined : { key, volume };
}

/** Proxmox' keys of the wanted boot order; undefined where it is not managed. What is not there is left out. */
export function wantedBoot(
  { spec }: VirtualMachine,
  config: MachineConfig,
  { isNew, change }: { isNew: boolean; change: Pick<ConfigChange, 'cdrom' | 'disks'> },
): string[] | undefined {
  const firstNetwork = spec.networks?.slice(0, 1).map(({ name }) => name) ?? [];
  const names = spec.bootOrder ?? (isNew ? ['root', 'cdrom', ...firstNetwork] : undefined);
  return names?.flatMap(name => {
    if (name === 'cdrom') return change.cdrom?.key ?? config.cdroms.find(({ cloudInit }) => !cloudInit)?.key ?? [];
    const disk = findDisk(config.disks, name) ?? change.disks?.find(({ serial }) => serial === name);
    const index = spec.networks?.findIndex(network => network.name === name) ?? -1;
    return disk?.key ?? (index >= 0 ? `net${index}` : []);
  });
}
