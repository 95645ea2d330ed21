import type { ConsoleSession, VirtualMachine } from '#api/kinds.ts';
import type { Clock } from '#kube/clock.ts';
import { Queue } from '#kube/queue.ts';
import { keyOf } from '#kube/resource.ts';
import type { Logger } from '#kube/telemetry.ts';
import { machineKeyOf } from './controllers/vm-operations.ts';
import { snapshotMachineKey } from './controllers/vm-snapshots.ts';
import { isFinished } from './core/operation.ts';
import { hasFailed, isTaken } from './core/snapshot.ts';
import { isReady } from './core/steps/settled.ts';
import type { LinkEvents } from './effects/cluster-link.ts';
import type { MachineMemory } from './effects/memory.ts';
import type { ResourceHandlers, Resources } from './resources.ts';
import { claimConcerns, nodeConcerns } from './wake-nodes.ts';
import { policyConcerns, quotaConcerns, quotaKeyOf, templateConcerns } from './wake-quotas.ts';

/** The keys that wait for each controller. */
export interface Queues {
  machines: Queue;
  clusters: Queue;
  templates: Queue;
  quotas: Queue;
  policies: Queue;
  sessions: Queue;
  operations: Queue;
  snapshots: Queue;
}

/** Makes empty queues. `random` gives numbers in [0, 1). */
export function createQueues(clock?: Clock, random?: () => number): Queues {
  const queue = () => new Queue({ clock, random });
  return {
    machines: queue(),
    clusters: queue(),
    templates: queue(),
    quotas: queue(),
    policies: queue(),
    operations: queue(),
    snapshots: queue(),
    sessions: queue(),
  };
}

/** Who is to be looked at again when what has changed. Nothing here decides or acts. */
export interface Wake extends ResourceHandlers {
  /** Listeners for the link of a cluster. */
  linkEvents: (cluster: string) => LinkEvents;
  /** Every machine that lives in a cluster or may come to. */
  machinesOf: (cluster: string) => void;
}

/** A key that no ProxmoxCluster has. */
const policyKey = 'VmPolicy/default';

/** Wires changes to queues. `forgetKey` gives up what a deleted machine held. */
export function createWake(
  { machines, operations, snapshots, sessions }: Resources,
  queues: Queues,
  memory: MachineMemory,
  forgetKey: (key: string) => void,
  log: Logger,
): Wake {
  const generations = new Map<string, number | undefined>();
  const wakeAll = (found: VirtualMachine[]) => {
    for (const vm of found) queues.machines.add(keyOf(vm), 'low');
  };
  /** Those that could not be opened so far, or all that are not over. */
  const wakeSessions = (found: ConsoleSession[], openToo: boolean) => {
    for (const session of found) {
      const { url, endedAt } = session.status ?? {};
      if (endedAt === undefined && (openToo || url === undefined)) queues.sessions.add(keyOf(session));
    }
  };
  const wakeOperations = (machineKey: string) => {
    for (const operation of operations.byIndex('machine', machineKey)) {
      if (!isFinished(operation)) queues.operations.add(keyOf(operation));
    }
  };
  /** Those that are not over; a machine that is gone lets all go. */
  const wakeSnapshots = (machineKey: string, isGone = false) => {
    for (const snapshot of snapshots.byIndex('machine', machineKey)) {
      const isOver = isTaken(snapshot) || hasFailed(snapshot);
      if (isGone || snapshot.metadata.deletionTimestamp || !isOver) queues.snapshots.add(keyOf(snapshot));
    }
  };
  const ofQuota = quotaConcerns(machines);
  const ofPolicy = policyConcerns(machines);
  const ofTemplate = templateConcerns();
  const ofNode = nodeConcerns(machines);
  const ofClaims = claimConcerns(machines);
  const machinesOf = (cluster: string) =>
    wakeAll(machines.list().filter(({ status }) => (status?.cluster ?? cluster) === cluster));
  return {
    machinesOf,
    onMachine: (key, kind, vm, origin) => {
      if (kind === 'deleted') {
        memory.forget(vm.metadata.uid ?? '');
        forgetKey(key);
      }
      queues.machines.add(key, origin === 'list' ? 'low' : 'normal');
      queues.quotas.add(quotaKeyOf(vm), 'low');
      wakeAll(ofNode(kind, vm));
      wakeOperations(key);
      wakeSnapshots(key, kind === 'deleted');
      const isLeaving = kind === 'deleted' || vm.metadata.deletionTimestamp !== undefined;
      wakeSessions(sessions.byIndex('machine', key), isLeaving);
    },
    onCluster: (key, kind, cluster) => {
      const { metadata } = cluster;
      queues.clusters.add(key);
      wakeAll(ofClaims(cluster));
      // Claims change its status with every machine that is made; only a new spec concerns the others.
      if (kind !== 'deleted' && generations.get(key) !== metadata.generation) machinesOf(key);
      generations.set(key, metadata.generation);
    },
    onTemplate: (key, kind, template) => {
      const { looks, room } = ofTemplate(key, kind, template);
      if (looks) queues.templates.add(key);
      if (looks || room) wakeAll(machines.byIndex('template', key).filter(vm => !isReady(vm)));
    },
    onQuota: (key, _kind, quota) => {
      queues.quotas.add(key);
      wakeAll(ofQuota(key, quota));
    },
    onOperation: (key, _kind, operation) => {
      queues.operations.add(key);
      // The others of the machine may have to wait for it, or no longer.
      wakeOperations(machineKeyOf(operation));
      queues.machines.add(machineKeyOf(operation));
    },
    onSnapshot: (key, _kind, snapshot) => {
      queues.snapshots.add(key);
      // The others of the machine may have to wait for it, or no longer.
      queues.quotas.add(quotaKeyOf(snapshot), 'low');
      wakeSnapshots(snapshotMachineKey(snapshot));
      queues.machines.add(snapshotMachineKey(snapshot));
    },
    onPolicy: (key, _kind, policy) => {
      queues.policies.add(key);
      if (generations.get(policyKey) !== policy.metadata.generation) {
        for (const snapshot of snapshots.list()) queues.snapshots.add(keyOf(snapshot), 'low');
      }
      generations.set(policyKey, policy.metadata.generation);
      wakeAll(ofPolicy(policy));
    },
    onSession: (key, _kind, session) => {
      queues.sessions.add(key);
      if (session.status?.endedAt) wakeSessions(sessions.byIndex('requester', session.spec.requester), false);
    },
    linkEvents: cluster => ({
      onTaskEnd: (key, upid, status) => {
        const uid = machines.get(key)?.metadata.uid;
        // A task that its node does not know any more proves nothing: the machine itself is looked at.
        const succeeded = status.state === 'vanished' || status.ok;
        if (uid)
          memory.taskEnded(uid, upid, succeeded, status.state === 'ended' && !succeeded ? status.exit : undefined);
        queues.machines.add(key);
      },
      onInventory: vmids => {
        for (const vm of vmids.flatMap(vmid => machines.byIndex('vmid', String(vmid)))) {
          if (vm.status?.cluster !== cluster) continue;
          if (isReady(vm)) memory.forgetConfig(vm.metadata.uid ?? '');
          queues.machines.add(keyOf(vm));
        }
      },
      onError: error => log.warn({ err: error, cluster }, 'Proxmox did not answer a poll'),
      onTurn: key => queues.machines.add(key),
    }),
  };
}
