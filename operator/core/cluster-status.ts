import type { ProxmoxCluster, VirtualMachine } from '#api/kinds.ts';
import type { Claim, ProxmoxClusterSpec, ProxmoxClusterStatus } from '#api/proxmox-cluster.ts';
import { catalogStale } from './catalogue.ts';
import { withConditions } from './conditions.ts';
import type { Finding } from './decision.ts';
import { isReady } from './steps/settled.ts';

/** What was learnt by asking a Proxmox cluster about itself. */
export interface ClusterProbe {
  version: string;
  /** Unknown to a token that may not ask. */
  quorate?: boolean;
  nodes?: { name: string; online: boolean }[];
  /** As `PATH: PRIVILEGE`. */
  missingPrivileges: string[];
  /** What is approved and not there any more, in words; unknown while a node is offline, which alone may have it. */
  vanished?: string[];
  /** ISO images that there are; unknown at the same times. */
  isos?: NonNullable<ProxmoxClusterStatus['isos']>;
}

/**
 * The privileges that the way of a machine needs, where it needs them. A token with a role of these on `/` has them;
 * one with narrower ACLs has them on each of these paths (docs/operations/proxmox-permissions.md).
 */
export function neededPrivileges({ storages, isos = [], poolPrefix }: ProxmoxClusterSpec): Record<string, string[]> {
  const onMachines = [
    'VM.Allocate',
    'VM.Audit',
    'VM.Clone',
    'VM.Config.CPU',
    'VM.Config.Disk',
    'VM.Config.Memory',
    'VM.Config.Network',
    'VM.Config.Options',
    'VM.PowerMgmt',
    // To load a CD, and to make a machine whose hardware no template has set.
    ...(isos.length > 0 ? ['VM.Config.CDROM', 'VM.Config.HWType'] : []),
  ];
  const ofIsos = new Set(isos.map(({ volume }) => volume.split(':')[0] ?? ''));
  return {
    // To ask for the quorum, without which nothing is proven to be gone, and for the memory of nodes.
    '/': ['Sys.Audit'],
    '/vms': onMachines,
    ...Object.fromEntries([...ofIsos].map(name => [`/storage/${name}`, ['Datastore.Audit']])),
    ...Object.fromEntries(storages.map(({ name }) => [`/storage/${name}`, ['Datastore.AllocateSpace']])),
    '/sdn/zones/localnetwork': ['SDN.Use'],
    // To make the pools of namespaces, and to see what is in them.
    ...(poolPrefix !== undefined && { '/pool': ['Pool.Allocate', 'Pool.Audit'] }),
  };
}

/** What of the needed privileges is not there, as `PATH: PRIVILEGE`. `held` has the effective privileges by path. */
export function missingPrivileges(
  needed: Record<string, string[]>,
  held: Record<string, Record<string, boolean>>,
): string[] {
  return Object.entries(needed).flatMap(([path, privileges]) =>
    privileges.filter(privilege => !held[path]?.[privilege]).map(privilege => `${path}: ${privilege}`),
  );
}

/** What an administrator should look at though the cluster may well be ready. */
export interface ClusterAlarms {
  /** Why nothing but what people have deleted is destroyed. */
  brake?: Finding | undefined;
  /** Machines of Berth that no resource holds. */
  orphans?: Finding | undefined;
}

/** The conditions that alarms are told in; they are there only while they are True. */
export const alarmTypes = { brake: 'DestroyBrake', orphans: 'OrphansFound' } as const;

/** The status of a ProxmoxCluster without its claims, which others write. */
export function clusterStatusOf(
  cluster: ProxmoxCluster,
  found: ClusterProbe | Finding,
  now: number,
  alarms: ClusterAlarms = {},
): Omit<ProxmoxClusterStatus, 'inFlight' | 'abandoned'> {
  const before = cluster.status ?? {};
  const { generation } = cluster.metadata;
  const problem = 'reason' in found ? found : problemOf(cluster, found);
  const ready = problem
    ? { type: 'Ready', status: 'False' as const, ...problem }
    : { type: 'Ready', status: 'True' as const, reason: 'Connected', message: 'Proxmox VE answers as it should.' };
  const types = Object.keys(alarmTypes) as (keyof ClusterAlarms)[];
  const raised = types.flatMap(alarm => {
    const finding = alarms[alarm];
    return finding ? [{ type: alarmTypes[alarm], status: 'True' as const, ...finding }] : [];
  });
  const silent = types.filter(alarm => alarms[alarm] === undefined).map(alarm => alarmTypes[alarm]);
  const stale = 'reason' in found || !found.vanished ? [] : [catalogStale(found.vanished)];
  const { version, quorate, nodes, missingPrivileges: missing } = 'reason' in found ? before : found;
  const isos = ('reason' in found ? undefined : found.isos) ?? before.isos;
  return {
    version,
    quorate,
    nodes,
    missingPrivileges: missing,
    isos,
    observedGeneration: generation,
    conditions: withConditions(before.conditions ?? [], [ready, ...stale, ...raised], silent, generation, now),
  };
}

function problemOf({ spec }: ProxmoxCluster, probe: ClusterProbe): Finding | undefined {
  if (probe.missingPrivileges.length > 0) {
    const message = `Berth's token lacks privileges in Proxmox: ${probe.missingPrivileges.join(', ')}.`;
    return { reason: 'MissingPrivileges', message };
  }
  if (!probe.quorate) {
    return { reason: 'NoQuorum', message: 'The Proxmox cluster has no quorum; nothing can be changed.' };
  }
  const nodes = probe.nodes ?? [];
  const unknown = spec.nodes.filter(({ name }) => !nodes.some(node => node.name === name));
  if (unknown.length === 0) return undefined;
  const has = nodes.map(({ name }) => name).join(', ');
  const names = unknown.map(({ name }) => name).join(', ');
  return { reason: 'UnknownNode', message: `spec.nodes: Proxmox has no node ${names}; it has ${has}.` };
}

/** Claims of machines that need them no longer: complete, under another VMID, or without a resource. */
export function staleClaims(claims: Claim[], machineOf: (claim: Claim) => VirtualMachine | undefined): Claim[] {
  return claims.filter(claim => {
    const machine = machineOf(claim);
    if (machine?.metadata.uid !== claim.uid) return true;
    const { createdAt, vmid } = machine.status ?? {};
    if (vmid !== undefined && vmid !== claim.vmid) return true;
    return createdAt !== undefined && !isUnderWay(claim, machine);
  });
}

/**
 * What was granted may be under way until the machine is charged with it by itself, or is seen to be as it should: it is
 * asked for no more then.
 */
function isUnderWay({ cpu, memoryMiB }: Claim, machine: VirtualMachine): boolean {
  const { allocation } = machine.status ?? {};
  const isCharged = allocation !== undefined && allocation.cpu >= cpu && allocation.memoryMiB >= memoryMiB;
  return !isCharged && !isReady(machine);
}
