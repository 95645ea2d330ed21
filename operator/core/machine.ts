/** A machine's configuration in Proxmox, in the terms that decisions are made in. Sizes are in MiB. */
export interface MachineConfig {
  /** SHA-1 of the file that it was read from; what a write is checked against. */
  digest: string;
  /** Proxmox' lock, for example `clone` or `backup`. */
  lock?: string;
  name?: string;
  description: string;
  /** SMBIOS UUID, lower-case. */
  uuid?: string;
  cores: number;
  sockets: number;
  memoryMiB: number;
  /** Lower-case, sorted, each once. */
  tags: string[];
  protection: boolean;
  startAtBoot: boolean;
  /** Whether Proxmox is to talk to an agent in the guest; `options` are the other settings of it, verbatim. */
  agent: { enabled: boolean; options: string[] };
  /** Keys that only an administrator can have set, as `hookscript` and `cicustom`. */
  foreignKeys: string[];
  disks: MachineDisk[];
  /** CD-ROM drives. Cloud-init's own is one, too, and nobody's to change. */
  cdroms: { key: string; volume: string; cloudInit: boolean }[];
  /** Proxmox' keys of what is booted, in order. */
  boot: string[];
  nics: MachineNic[];
  cloudInit: MachineCloudInit;
}

/** CPUs and memory. */
export interface MachineSize {
  cpu: number;
  memoryMiB: number;
}

/** The larger of two sizes in each. */
export const largerSize = (a: MachineSize, b: MachineSize): MachineSize => ({
  cpu: Math.max(a.cpu, b.cpu),
  memoryMiB: Math.max(a.memoryMiB, b.memoryMiB),
});

/** A hard disk of a machine; CD-ROMs and cloud-init drives are left out. */
export interface MachineDisk {
  /** Proxmox' key, for example `scsi0`. */
  key: string;
  /** Volume, for example `local-lvm:vm-100-disk-0`. */
  volume: string;
  storage: string;
  sizeMiB: number;
  serial?: string;
  /** Whether the machine boots from it first. */
  root: boolean;
}

/** A network card of a machine. */
export interface MachineNic {
  /** n of Proxmox' key netN. */
  index: number;
  model: 'Virtio' | 'E1000' | 'Other';
  mac: string;
  bridge?: string;
  vlan?: number;
  rateMbps?: number;
  mtu?: number;
  firewall: boolean;
  linkDown: boolean;
}

/** What cloud-init was told. */
export interface MachineCloudInit {
  user?: string;
  sshKeys: string[];
  nameservers: string[];
  searchDomain?: string;
  /** By the index of the network card. */
  addresses: Record<number, MachineAddresses>;
  /** Whether there is a password; nobody can read which. */
  hasPassword: boolean;
}

/** Addresses of one network card; `dhcp` and `auto` are Proxmox' words. */
export interface MachineAddresses {
  ip?: string;
  gateway?: string;
  ip6?: string;
  gateway6?: string;
}

/** What one write of a configuration changes; absent means untouched. */
export interface ConfigChange {
  name?: string;
  description?: string;
  cores?: number;
  sockets?: number;
  memoryMiB?: number;
  tags?: string[];
  protection?: boolean;
  startAtBoot?: boolean;
  agent?: MachineConfig['agent'];
  /** Whole cards: those that are named here are written anew, with the MAC that stands here. */
  nics?: (Omit<MachineNic, 'mac'> & { mac?: string })[];
  /** New, empty disks. */
  disks?: { key: string; storage: string; sizeMiB: number; serial: string }[];
  /** What is in a CD-ROM drive from now on; `none` is nothing. */
  cdrom?: { key: string; volume: string };
  /** Proxmox' keys of what is to be booted, in order. */
  boot?: string[];
  cloudInit?: Partial<Omit<MachineCloudInit, 'hasPassword'>> & { password?: string };
  /** Proxmox' keys to remove. */
  remove?: string[];
}

/** A machine that is made from nothing, all at once. */
export interface NewMachine extends ConfigChange {
  /** UEFI, with its variables there; else a BIOS. */
  uefi?: { storage: string; secureBoot: boolean };
  /** A TPM of version 2.0, with its state there. */
  tpm?: { storage: string };
}

/** Power as Proxmox tells it: live, of the one machine. */
export type Power = 'Running' | 'Stopped' | 'Paused' | 'Suspended' | 'Unknown';
