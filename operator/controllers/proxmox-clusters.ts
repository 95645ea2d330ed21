import { isDeepStrictEqual } from 'node:util';
import { type ProxmoxCluster, proxmoxClusters, type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import type { Claim } from '#api/proxmox-cluster.ts';
import type { KubeClient } from '#kube/client.ts';
import type { Outcome, ReconcileContext } from '#kube/controller.ts';
import { isNotFound } from '#kube/errors.ts';
import type { EventRecorder } from '#kube/events.ts';
import { formatKey } from '#kube/resource.ts';
import type { Store } from '#kube/store.ts';
import { ProxmoxError } from '#proxmox/errors.ts';
import {
  alarmTypes,
  type ClusterAlarms,
  type ClusterProbe,
  clusterStatusOf,
  staleClaims,
} from '../core/cluster-status.ts';
import type { Finding } from '../core/decision.ts';
import { orphansFound } from '../core/orphans.ts';
import type { Allocator } from '../effects/allocator.ts';
import type { ClusterLink } from '../effects/cluster-link.ts';
import { createClusterProbe } from '../effects/cluster-probe.ts';
import { readCredentials } from '../effects/credentials.ts';
import type { DestroyBrake } from '../effects/destroy-brake.ts';
import { removeLeftover } from '../effects/leftovers.ts';
import { OrphanSearch } from '../effects/orphans.ts';
import { PoolUpkeep } from '../effects/pool-upkeep.ts';
import { fieldManager } from '../effects/status-writer.ts';

/** How often a cluster is asked about itself; the inventory has its own, quicker poll. */
const probeMs = 30_000;

/** What the controller of ProxmoxClusters works with. */
export interface ClusterControllerParts {
  kube: KubeClient;
  clusters: Store<ProxmoxCluster>;
  machines: Store<VirtualMachine>;
  /** Opens the link of a cluster, renews it, or closes it. */
  connect: (cluster: ProxmoxCluster, token: string) => ClusterLink;
  disconnect: (name: string) => Promise<void>;
  link: (cluster: string) => ClusterLink | undefined;
  /** Id of the Kubernetes cluster in markers. */
  clusterId: string;
  allocator: (cluster: string) => Allocator;
  brake: (cluster: string) => DestroyBrake;
  events: EventRecorder;
  /** Wakes every machine of a cluster: it can be used again. */
  wakeMachines: (cluster: string) => void;
  now: () => number;
}

/**
 * How long a status of ours stands before we write another one. Two operators that see a cluster differently, as without
 * an election, are woken by each other's words: they would contradict each other as fast as they can.
 */
const standsMs = 2_000;

/** Makes the reconcile of a ProxmoxCluster: connect, probe, report, and take back claims that nobody needs. */
export function clusterReconciler(parts: ClusterControllerParts) {
  const probe = createClusterProbe(parts.now);
  const search = new OrphanSearch(parts.machines, parts.clusterId, parts.now);
  const upkeep = new PoolUpkeep(parts.kube, parts.machines, parts.clusterId, parts.now);
  const toldAt = new Map<string, number>();
  return async (name: string, { log }: ReconcileContext): Promise<Outcome> => {
    const cluster = parts.clusters.get(name);
    if (!cluster) {
      await parts.disconnect(name);
      return { kind: 'done' };
    }
    const brake = parts.brake(name);
    brake.follow(cluster);
    const found = await find(parts, cluster, probe);
    const link = parts.link(name);
    const orphans = link ? orphansFound(await search.look(link, cluster)) : undefined;
    const alarms = { brake: brake.holding, orphans };
    const status = clusterStatusOf(cluster, found, parts.now(), alarms);
    const { inFlight, abandoned, ...before } = cluster.status ?? {};
    if (!isDeepStrictEqual(withoutUndefined(status), before)) {
      const waitMs = (toldAt.get(name) ?? Number.NEGATIVE_INFINITY) + standsMs - parts.now();
      if (waitMs > 0) return { kind: 'again', afterMs: waitMs, reason: 'its status was just written' };
      toldAt.set(name, parts.now());
      await parts.kube.applyStatus(proxmoxClusters, { metadata: { name }, status }, { fieldManager, force: true });
    }
    tellAlarms(parts, cluster, alarms);
    if (isReady(status) && !isReady(cluster.status ?? {})) {
      log.info({ cluster: name }, 'the Proxmox cluster can be used');
      parts.wakeMachines(name);
    }
    await takeBackClaims(parts, name, inFlight ?? []);
    await reclaimAbandoned(parts, cluster, abandoned ?? []);
    await parts.allocator(name).flush();
    const removed = link && isReady(status) && (await upkeep.removeOne(link, cluster));
    if (removed) log.info({ cluster: name, pool: removed }, 'the pool of a namespace that is gone was removed');
    return { kind: 'again', afterMs: probeMs, reason: 'the next probe' };
  };
}

async function find(
  parts: ClusterControllerParts,
  cluster: ProxmoxCluster,
  probe: ReturnType<typeof createClusterProbe>,
): Promise<ClusterProbe | Finding> {
  const credentials = await readCredentials(parts.kube, cluster.spec.credentialsSecretRef);
  if ('reason' in credentials) {
    await parts.disconnect(cluster.metadata.name);
    return credentials;
  }
  try {
    const { client } = parts.connect(cluster, credentials.token);
    return await probe(client, cluster);
  } catch (error) {
    if (error instanceof TypeError) return { reason: 'InvalidSpec', message: `spec: ${error.message}` };
    if (!(error instanceof ProxmoxError)) throw error;
    const reason = error.kind === 'unauthenticated' ? 'Unauthenticated' : 'Unreachable';
    return { reason, message: `Proxmox VE cannot be used: ${error.message}` };
  }
}

/** An alarm is an Event when it is raised, and when it says something else. */
function tellAlarms({ events }: ClusterControllerParts, cluster: ProxmoxCluster, alarms: ClusterAlarms): void {
  for (const alarm of ['brake', 'orphans'] as const) {
    const reason = alarmTypes[alarm];
    const told = cluster.status?.conditions?.find(({ type }) => type === reason);
    const finding = alarms[alarm];
    if (finding && told?.message !== finding.message) {
      events.record(cluster, { type: 'Warning', reason, message: finding.message });
    }
  }
}

async function takeBackClaims(parts: ClusterControllerParts, cluster: string, claims: Claim[]): Promise<void> {
  const candidates = staleClaims(claims, ({ namespace, name }) => parts.machines.get(formatKey({ namespace, name })));
  const allocator = parts.allocator(cluster);
  for (const claim of candidates) {
    // The store may lag behind the operator that made the claim: only what the API server says itself counts.
    const live = await readMachine(parts.kube, claim);
    if (staleClaims([claim], () => live).length > 0) allocator.release([claim.uid]);
  }
}

/** What is left under abandoned VMIDs is removed as soon as an administrator has unlocked it. */
async function reclaimAbandoned(
  { link, allocator, clusterId, brake }: ClusterControllerParts,
  { metadata }: ProxmoxCluster,
  abandoned: NonNullable<NonNullable<ProxmoxCluster['status']>['abandoned']>,
): Promise<void> {
  const connected = link(metadata.name);
  for (const entry of connected ? abandoned : []) {
    const gone = connected && (await removeLeftover(connected, entry, { clusterId, brake: brake(metadata.name) }));
    if (gone) allocator(metadata.name).reclaim(entry.vmid);
  }
}

async function readMachine(kube: KubeClient, { namespace, name }: Claim): Promise<VirtualMachine | undefined> {
  try {
    return await kube.get<VirtualMachine>(virtualMachines, { namespace, name });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

const isReady = ({ conditions }: Pick<NonNullable<ProxmoxCluster['status']>, 'conditions'>): boolean =>
  conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

const withoutUndefined = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));
