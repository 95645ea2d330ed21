import { formatIpConfig, formatSshKeys, parseIpConfig, parseSshKeys } from '#proxmox/cloud-init.ts';
import {
  driveSizeBytes,
  formatDrive,
  isCdrom,
  isCloudInitDrive,
  newVolume,
  parseDrive,
  storageOf,
} from '#proxmox/drive.ts';
import { formatNet, parseNet } from '#proxmox/net.ts';
import { formatTags, normaliseTags } from '#proxmox/tags.ts';
import type { VmConfig } from '#proxmox/vm.ts';
import type {
  ConfigChange,
  MachineCloudInit,
  MachineConfig,
  MachineDisk,
  MachineNic,
  NewMachine,
} from '../core/machine.ts';

const mebibyte = 1024 * 1024;

/** The memory of a machine that has none configured (`memory` of the API's schema). */
const defaultMemoryMiB = 512;

const diskKey = /^(scsi|virtio|sata|ide)\d+$/;

/** Keys of a template that would let somebody else decide what runs on the node or in the guest. */
const foreignKeys = ['hookscript', 'cicustom'];

/** A configuration as Proxmox has it, in the terms that decisions are made in. Throws RangeError on what is malformed. */
export function toMachineConfig(config: VmConfig): MachineConfig {
  const raw: Raw = config.raw;
  return {
    digest: config.digest,
    lock: config.lock,
    name: config.name,
    description: config.description,
    uuid: config.uuid?.toLowerCase(),
    cores: Number(raw.cores ?? 1),
    sockets: Number(raw.sockets ?? 1),
    memoryMiB: Number(/\d+/.exec(String(raw.memory ?? ''))?.[0] ?? defaultMemoryMiB),
    tags: normaliseTags(config.tags),
    protection: config.protection,
    startAtBoot: Number(raw.onboot ?? 0) === 1,
    agent: agentOf(raw),
    foreignKeys: foreignKeys.filter(key => raw[key] !== undefined),
    disks: disksOf(raw),
    cdroms: cdromsOf(raw),
    boot: bootOrder(raw),
    nics: nicsOf(raw),
    cloudInit: cloudInitOf(raw),
  };
}

type Raw = Readonly<Partial<Record<string, string | number>>>;

/** `1`, `enabled=1,fstrim_cloned_disks=1`, … */
function agentOf({ agent = '0' }: Raw): MachineConfig['agent'] {
  const parts = String(agent).split(',');
  const isSwitch = (part: string) => /^(?:enabled=)?[01]$/.test(part);
  return {
    enabled: parts.some(part => isSwitch(part) && part.endsWith('1')),
    options: parts.filter(part => !isSwitch(part)),
  };
}

const drivesOf = (raw: Raw) =>
  Object.entries(raw)
    .filter(([key]) => diskKey.test(key))
    .map(([key, value]) => ({ key, drive: parseDrive(String(value)) }));

const cdromsOf = (raw: Raw): MachineConfig['cdroms'] =>
  drivesOf(raw)
    .filter(({ drive }) => isCdrom(drive))
    .map(({ key, drive }) => ({ key, volume: drive.volume, cloudInit: isCloudInitDrive(drive) }));

function disksOf(raw: Raw): MachineDisk[] {
  const drives = drivesOf(raw).filter(({ drive }) => !isCdrom(drive) && storageOf(drive.volume) !== undefined);
  const boot = bootOrder(raw).find(key => drives.some(drive => drive.key === key)) ?? drives[0]?.key;
  return drives.map(({ key, drive }) => ({
    key,
    volume: drive.volume,
    storage: storageOf(drive.volume) ?? '',
    sizeMiB: Math.ceil((driveSizeBytes(drive) ?? 0) / mebibyte),
    serial: drive.options.serial,
    root: key === boot,
  }));
}

/** `order=scsi0;net0`, or of old `cdn` with `bootdisk`. */
function bootOrder(raw: Raw): string[] {
  const order = /(?:^|,)order=([^,]*)/.exec(String(raw.boot ?? ''))?.[1];
  return order ? order.split(';') : [String(raw.bootdisk ?? '')].filter(Boolean);
}

function nicsOf(raw: Raw): MachineNic[] {
  return indexed(raw, /^net(\d+)$/).map(({ index, value }) => {
    const { model, mac, bridge, tag, rateMBps, mtu, firewall, linkDown } = parseNet(value);
    return {
      index,
      model: model === 'virtio' ? 'Virtio' : model === 'e1000' ? 'E1000' : 'Other',
      mac: mac ?? '',
      bridge,
      vlan: tag,
      rateMbps: rateMBps,
      mtu,
      firewall: firewall ?? false,
      linkDown: linkDown ?? false,
    };
  });
}

function cloudInitOf(raw: Raw): MachineCloudInit {
  const addresses = indexed(raw, /^ipconfig(\d+)$/).map(({ index, value }) => {
    const { ip, gw, ip6, gw6 } = parseIpConfig(value);
    return [index, { ip, gateway: gw, ip6, gateway6: gw6 }] as const;
  });
  return {
    user: textOf(raw.ciuser),
    sshKeys: raw.sshkeys === undefined ? [] : parseSshKeys(String(raw.sshkeys)),
    nameservers: (textOf(raw.nameserver) ?? '').split(/[\s,;]+/).filter(Boolean),
    searchDomain: textOf(raw.searchdomain),
    addresses: Object.fromEntries(addresses),
    hasPassword: raw.cipassword !== undefined,
  };
}

function indexed(raw: Raw, pattern: RegExp): { index: number; value: string }[] {
  return Object.entries(raw).flatMap(([key, value]) => {
    const index = pattern.exec(key)?.[1];
    return index === undefined ? [] : [{ index: Number(index), value: String(value) }];
  });
}

const textOf = (value: string | number | undefined): string | undefined =>
  value === undefined ? undefined : String(value);

/** A change in Proxmox' own keys: what is set, and what is deleted. */
export function toParameters(change: ConfigChange): { set: Record<string, string | number>; delete: string[] } {
  const { nics = [], disks = [], cloudInit = {}, remove = [] } = change;
  const set: Record<string, string | number | undefined> = {
    name: change.name,
    description: change.description,
    cores: change.cores,
    sockets: change.sockets,
    memory: change.memoryMiB,
    tags: change.tags && formatTags(change.tags),
    protection: change.protection ? 1 : undefined,
    boot: change.boot && `order=${change.boot.join(';')}`,
    onboot: change.startAtBoot === undefined ? undefined : Number(change.startAtBoot),
    agent: change.agent && [`enabled=${change.agent.enabled ? 1 : 0}`, ...change.agent.options].join(','),
    ciuser: cloudInit.user,
    cipassword: cloudInit.password,
    sshkeys: cloudInit.sshKeys && formatSshKeys(cloudInit.sshKeys),
    nameserver: cloudInit.nameservers?.join(' '),
    searchdomain: cloudInit.searchDomain,
  };
  for (const { index, mac, bridge, vlan, rateMbps, mtu, model, firewall, linkDown } of nics) {
    set[`net${index}`] = formatNet({
      model: model.toLowerCase(),
      mac,
      bridge,
      tag: vlan,
      rateMBps: rateMbps,
      mtu,
      firewall: firewall || undefined,
      linkDown: linkDown || undefined,
    });
  }
  for (const { key, storage, sizeMiB, serial } of disks) {
    set[key] = formatDrive({ volume: newVolume(storage, sizeMiB / 1024), options: { serial } });
  }
  if (change.cdrom) {
    set[change.cdrom.key] = formatDrive({ volume: change.cdrom.volume, options: { media: 'cdrom' } });
  }
  for (const [index, { ip, gateway, ip6, gateway6 }] of Object.entries(cloudInit.addresses ?? {})) {
    set[`ipconfig${index}`] = formatIpConfig({ ip, gw: gateway, ip6, gw6: gateway6 });
  }
  return divided(set, change.protection === false ? [...remove, 'protection'] : remove);
}

/**
 * Everything about a new machine in Proxmox' own keys. What no field is about is as Proxmox' own pages set it for a
 * Linux guest: its defaults of the API are those of 2010.
 */
export function toCreation({ uefi, tpm, ...change }: NewMachine): Record<string, string | number> {
  const enrolled = uefi?.secureBoot ? 1 : 0;
  return {
    ...toParameters(change).set,
    ostype: 'l26',
    cpu: 'x86-64-v2-AES',
    scsihw: 'virtio-scsi-single',
    ...(uefi && {
      bios: 'ovmf',
      machine: 'q35',
      efidisk0: `${newVolume(uefi.storage, 1)},efitype=4m,pre-enrolled-keys=${enrolled}`,
    }),
    ...(tpm && { tpmstate0: `${newVolume(tpm.storage, 1)},version=v2.0` }),
  };
}

/** Proxmox drops a key with an empty value from a form, so that emptying one is deleting it. */
function divided(values: Record<string, string | number | undefined>, remove: string[]) {
  const given = Object.entries(values).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  return {
    set: Object.fromEntries(given.filter(([, value]) => value !== '')),
    delete: [...remove, ...given.filter(([, value]) => value === '').map(([key]) => key)],
  };
}
