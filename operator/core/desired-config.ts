import type { VirtualMachine } from '#api/kinds.ts';
import type { ProxmoxClusterSpec } from '#api/proxmox-cluster.ts';
import { toMiB } from '#api/quantity.ts';
import type { Network } from '#api/virtual-machine-devices.ts';
import { findDisk, takenKeys, wantedBoot, wantedCdrom } from './drives.ts';
import type { ConfigChange, MachineAddresses, MachineConfig, MachineNic } from './machine.ts';
import { type Marker, withMarker, withoutMarker } from './marker.ts';

/** The tag that every machine of Berth carries. */
export const berthTag = 'berth';

/** What the desired configuration depends on beside the resource itself. */
export interface ConfigContext {
  marker: Marker;
  /** Whether the machine was just cloned: then what it inherited from its template is taken away. */
  fresh: boolean;
  /** Whether it is not there yet, and is to be made with all that is changed here. */
  isNew?: boolean;
  /** Storage of disks that name none. */
  defaultStorage?: string | undefined;
  /** Approved ISO images. */
  isos?: ProxmoxClusterSpec['isos'] | undefined;
  /** What cloud-init is to set at the first boot. */
  password?: string;
}

/** What one write must change so that the configuration is as desired; undefined when it is already. */
export function configChange(
  vm: VirtualMachine,
  config: MachineConfig,
  context: ConfigContext,
): ConfigChange | undefined {
  const { spec, metadata } = vm;
  const sockets = spec.resources.sockets ?? 1;
  const wanted: ConfigChange = {
    name: spec.hostname ?? metadata.name,
    description: withMarker(
      spec.description ?? (context.fresh ? '' : withoutMarker(config.description)),
      context.marker,
    ),
    cores: spec.resources.cpu / sockets,
    sockets,
    memoryMiB: toMiB(spec.resources.memory),
    tags: wantedTags(vm, config, context.fresh),
    protection: true,
    startAtBoot: spec.startAtBoot && spec.startAtBoot === 'Enabled',
    agent: spec.guestAgent && { ...config.agent, enabled: spec.guestAgent === 'Enabled' },
    nics: spec.networks?.map((network, index) => wantedNic(network, index, config)),
    cloudInit: wantedCloudInit(vm),
  };
  const change = changed(wanted, config);
  const disks = newDisks(vm, config, context.defaultStorage);
  if (disks.length > 0) change.disks = disks;
  const { isNew = false, isos } = context;
  const cdrom = wantedCdrom(vm, config, { isNew, isos });
  if (cdrom) change.cdrom = cdrom;
  const boot = wantedBoot(vm, config, { isNew, change });
  if (boot && !same(boot, config.boot)) change.boot = boot;
  const remove = context.fresh ? inherited(vm, config) : [];
  if (remove.length > 0) change.remove = remove;
  // With the first write; one that the template had is not taken for ours.
  const { password } = context;
  if (password !== undefined && (Object.keys(change).length > 0 || !config.cloudInit.hasPassword)) {
    change.cloudInit = { ...change.cloudInit, password };
  }
  return Object.keys(change).length > 0 ? change : undefined;
}

/** Disks that must grow, with the size that each should have. */
export function growth(vm: VirtualMachine, config: MachineConfig): { key: string; name: string; sizeMiB: number }[] {
  return vm.spec.disks.flatMap(({ name, size }) => {
    const disk = findDisk(config.disks, name);
    const sizeMiB = toMiB(size);
    return disk && disk.sizeMiB < sizeMiB ? [{ key: disk.key, name, sizeMiB }] : [];
  });
}

/** Disks that are larger than the resource says; Proxmox cannot shrink them. */
export function tooLarge(vm: VirtualMachine, config: MachineConfig): { name: string; sizeMiB: number }[] {
  return vm.spec.disks.flatMap(({ name, size }) => {
    const disk = findDisk(config.disks, name);
    return disk && disk.sizeMiB > toMiB(size) ? [{ name, sizeMiB: disk.sizeMiB }] : [];
  });
}

/** Names of disks that the machine has not, or not any more. */
export const lostDisks = ({ spec }: VirtualMachine, config: MachineConfig): string[] =>
  spec.disks.map(({ name }) => name).filter(name => findDisk(config.disks, name) === undefined);

function changed(wanted: ConfigChange, config: MachineConfig): ConfigChange {
  const change: ConfigChange = {};
  if (wanted.name !== config.name) change.name = wanted.name;
  if (wanted.description !== config.description.trim()) change.description = wanted.description;
  if (wanted.cores !== config.cores) change.cores = wanted.cores;
  if (wanted.sockets !== config.sockets) change.sockets = wanted.sockets;
  if (wanted.memoryMiB !== config.memoryMiB) change.memoryMiB = wanted.memoryMiB;
  if (!same(wanted.tags, config.tags)) change.tags = wanted.tags;
  if (wanted.protection !== config.protection) change.protection = wanted.protection;
  if (wanted.startAtBoot !== undefined && wanted.startAtBoot !== config.startAtBoot)
    change.startAtBoot = wanted.startAtBoot;
  if (wanted.agent && wanted.agent.enabled !== config.agent.enabled) change.agent = wanted.agent;
  const nics = wanted.nics?.filter(
    nic =>
      !same(
        nic,
        config.nics.find(({ index }) => index === nic.index),
      ),
  );
  if (nics && nics.length > 0) change.nics = nics;
  const cloudInit = Object.fromEntries(
    Object.entries(wanted.cloudInit ?? {}).filter(
      ([key, value]) => value !== undefined && !covers(config.cloudInit[key as keyof typeof config.cloudInit], value),
    ),
  );
  if (Object.keys(cloudInit).length > 0) change.cloudInit = cloudInit;
  return change;
}

function wantedTags({ spec }: VirtualMachine, config: MachineConfig, fresh: boolean): string[] {
  const others = spec.tags ?? (fresh ? [] : config.tags);
  return [...new Set([...others, berthTag])].sort();
}

function wantedNic(network: Network, index: number, config: MachineConfig): Omit<MachineNic, 'mac'> & { mac?: string } {
  return {
    index,
    model: network.model ?? 'Virtio',
    mac: network.mac ?? config.nics.find(nic => nic.index === index)?.mac,
    bridge: network.bridge,
    vlan: network.vlan,
    rateMbps: network.rateMbps,
    mtu: network.mtu,
    firewall: network.firewall !== 'Disabled',
    linkDown: network.link === 'Down',
  };
}

function wantedCloudInit({ spec }: VirtualMachine): ConfigChange['cloudInit'] {
  const { user, sshAuthorizedKeys, nameservers, searchDomain } = spec.cloudInit ?? {};
  const configured = (spec.networks ?? []).flatMap(({ addresses }, index) =>
    addresses ? [[index, wantedAddresses(addresses)] as const] : [],
  );
  return {
    user,
    sshKeys: sshAuthorizedKeys,
    nameservers,
    searchDomain,
    addresses: configured.length > 0 ? Object.fromEntries(configured) : undefined,
  };
}

function wantedAddresses(addresses: NonNullable<Network['addresses']>): MachineAddresses {
  const wanted: MachineAddresses = {};
  for (const { method, address, gateway } of addresses) {
    if (method === 'SLAAC') wanted.ip6 = 'auto';
    else if (method === 'DHCP') wanted.ip = 'dhcp';
    else if (address?.includes(':')) Object.assign(wanted, { ip6: address, ...(gateway && { gateway6: gateway }) });
    else Object.assign(wanted, { ip: address, ...(gateway && { gateway }) });
  }
  return wanted;
}

/** Settings that a clone takes over from its template and that nobody asked for. */
function inherited({ spec }: VirtualMachine, config: MachineConfig): string[] {
  const extraNics = config.nics.filter(({ index }) => spec.networks !== undefined && index >= spec.networks.length);
  return [
    ...(config.startAtBoot && spec.startAtBoot === undefined ? ['onboot'] : []),
    ...config.foreignKeys,
    ...extraNics.map(({ index }) => `net${index}`),
  ];
}

function newDisks(
  { spec }: VirtualMachine,
  config: MachineConfig,
  defaultStorage?: string,
): NonNullable<ConfigChange['disks']> {
  const present = config.disks;
  const taken = takenKeys(config);
  const rootStorage = present.find(({ root }) => root)?.storage;
  return spec.disks.flatMap(({ name, size, storage = defaultStorage ?? rootStorage, bus = 'Scsi' }) => {
    if (findDisk(present, name) || storage === undefined) return [];
    const key = freeKey(bus.toLowerCase(), taken);
    taken.add(key);
    return [{ key, storage, sizeMiB: toMiB(size), serial: name }];
  });
}

/** Most devices that Proxmox has on any of these buses (scsi0 to scsi30); more fail there in words. */
const busSlots = 31;

function freeKey(bus: string, taken: Set<string>): string {
  for (let slot = 0; slot < busSlots; slot++) if (!taken.has(`${bus}${slot}`)) return `${bus}${slot}`;
  return `${bus}${busSlots}`;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

/** Whether each member that is wanted stands in what is there; what is not wanted is not looked at. */
function covers(there: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted) || typeof wanted !== 'object' || wanted === null) return same(there, wanted);
  return Object.entries(wanted).every(([key, value]) =>
    same((there as Record<string, unknown> | undefined)?.[key], value),
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
