import type { ProxmoxClusterSpec } from '#api/proxmox-cluster.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import type { QuotaView } from './observed.ts';

/** What of a spec the ProxmoxCluster does not approve, a sentence each: the field, what was given, what is allowed. */
export function unapproved(spec: VirtualMachineSpec, cluster: ProxmoxClusterSpec): string[] {
  return [
    ...unapprovedStorages(spec, cluster),
    ...unapprovedNetworks(spec, cluster),
    ...unapprovedTags(spec, cluster),
    ...unapprovedIsos(spec, cluster),
  ];
}

function unapprovedStorages({ disks }: VirtualMachineSpec, cluster: ProxmoxClusterSpec): string[] {
  const allowed = cluster.storages.map(({ name }) => name);
  return disks
    .filter(({ storage }) => storage !== undefined && !allowed.includes(storage))
    .map(({ name, storage }) => `spec.disks[${name}].storage: "${storage}" is not approved; ${choices(allowed)}`);
}

function unapprovedNetworks({ networks = [] }: VirtualMachineSpec, { bridges = [] }: ProxmoxClusterSpec): string[] {
  return networks.flatMap(({ name, bridge, vlan }) => {
    const approved = bridges.find(candidate => candidate.name === bridge);
    if (!approved) {
      const allowed = bridges.map(candidate => candidate.name);
      return [`spec.networks[${name}].bridge: "${bridge}" is not approved; ${choices(allowed)}`];
    }
    if (approved.vlans === undefined) return [];
    if (vlan !== undefined && approved.vlans.some(({ from, to }) => from <= vlan && vlan <= to)) return [];
    const allowed = approved.vlans.map(({ from, to }) => (from === to ? `${from}` : `${from}–${to}`));
    return [`spec.networks[${name}].vlan: ${vlan ?? 'no VLAN'} is not approved on ${bridge}; ${choices(allowed)}`];
  });
}

/** What of a spec's ISO images is not approved; by itself for the CD, which can be changed while the machine is there. */
export function unapprovedIsos({ source, cdrom }: VirtualMachineSpec, { isos = [] }: ProxmoxClusterSpec): string[] {
  const allowed = isos.map(({ name }) => name);
  return Object.entries({ 'spec.source.iso.name': source.iso?.name, 'spec.cdrom.iso': cdrom?.iso })
    .filter(([, name]) => name !== undefined && !allowed.includes(name))
    .map(([field, name]) => `${field}: "${name}" is not approved; ${choices(allowed)}`);
}

function unapprovedTags({ tags = [] }: VirtualMachineSpec, cluster: ProxmoxClusterSpec): string[] {
  const allowed = (cluster.tags ?? []).map(({ name }) => name);
  return tags
    .filter(tag => tag !== 'berth' && !allowed.includes(tag))
    .map(tag => `spec.tags: "${tag}" is not in the catalogue; ${choices(allowed)}`);
}

/**
 * The ISO images that a namespace may use: those that its quota names, of the approved ones. A change of the CD takes no
 * room, so that no grant looks at it.
 */
export function usableIsos(quota: QuotaView | undefined, { isos = [] }: ProxmoxClusterSpec): Isos {
  const named = quota?.granted ? quota.isos : undefined;
  return isos.filter(({ name }) => named?.includes(name) ?? true);
}

type Isos = NonNullable<ProxmoxClusterSpec['isos']>;

const choices = (allowed: string[]): string =>
  allowed.length > 0 ? `allowed: ${allowed.join(', ')}.` : 'the ProxmoxCluster approves none.';
