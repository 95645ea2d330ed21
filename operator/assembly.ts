import type { KubeClient } from '#kube/client.ts';
import type { Clock as KubeClock } from '#kube/clock.ts';
import type { Outcome, ReconcileContext } from '#kube/controller.ts';
import type { EventRecorder } from '#kube/events.ts';
import { OwnWrites } from '#kube/own-writes.ts';
import type { Logger } from '#kube/telemetry.ts';
import { type Clock, systemClock } from '#proxmox/clock.ts';
import { sessionReconciler } from './controllers/console-sessions.ts';
import { clusterReconciler } from './controllers/proxmox-clusters.ts';
import { machineReconciler } from './controllers/virtual-machines.ts';
import { operationReconciler } from './controllers/vm-operations.ts';
import { policyReconciler } from './controllers/vm-policies.ts';
import { quotaReconciler } from './controllers/vm-quotas.ts';
import { snapshotReconciler } from './controllers/vm-snapshots.ts';
import { templateReconciler } from './controllers/vm-templates.ts';
import { createAllocators } from './effects/allocators.ts';
import type { OpenTransport } from './effects/cluster-link.ts';
import { createBrakes, type DestroyBrake } from './effects/destroy-brake.ts';
import { Links, type LinksOptions } from './effects/links.ts';
import { MachineMemory } from './effects/memory.ts';
import { QuotaGate } from './effects/quota-gate.ts';
import { createResources, type Resources } from './resources.ts';
import { createQueues, createWake, type Queues, type Wake } from './wake.ts';

/** What an operator works with; everything that touches the world outside comes from here. */
export interface AssemblyOptions {
  kube: KubeClient;
  events: EventRecorder;
  clusterId: string;
  log: Logger;
  openTransport: OpenTransport;
  /** The way into quotas, where admission in the same process shares it. */
  gate?: QuotaGate;
  observe?: LinksOptions['observe'];
  /** Whether each VmQuota's number of machines is mirrored to a native ResourceQuota. Default: no. */
  mirrorQuotas?: boolean;
  /** Where the console-proxy is reached. Default: there is none. */
  consoleUrl?: string;
  clock?: Clock;
  queueClock?: KubeClock;
  /** Numbers in [0, 1). */
  random?: () => number;
}

/** The parts of an operator, wired and at rest: nothing runs until keys are taken from the queues. */
export interface Assembly {
  resources: Resources;
  queues: Queues;
  wake: Wake;
  links: Links;
  brake: (cluster: string) => DestroyBrake;
  reconcilers: Record<keyof Queues, (key: string, context: ReconcileContext) => Promise<Outcome>>;
}

/** Wires the parts of an operator. */
export function assemble(options: AssemblyOptions): Assembly {
  const { kube, events, clusterId, log, openTransport, observe, random = Math.random } = options;
  const { clock = systemClock, queueClock } = options;
  const now = () => clock.now();
  const resources = createResources();
  const queues = createQueues(queueClock, random);
  const memory = new MachineMemory(now, random);
  const forgetKey = (key: string) => {
    for (const { slots } of links.all()) slots.release(key);
  };
  const wake = createWake(resources, queues, memory, forgetKey, log);
  const links = new Links({ events: wake.linkEvents, openTransport, observe, clock });
  const link = (name: string) => links.get(name);
  const allocator = createAllocators(kube, link, resources.machines, now);
  const brakes = createBrakes(resources.machines, now, cluster => queues.clusters.add(cluster));
  const ownWrites = new OwnWrites(resources.machines, queueClock);
  const gate = options.gate ?? new QuotaGate(kube, { clock: queueClock, random });
  const shared = { ...resources, kube, link, allocator, brake: brakes, events, gate, now };
  return {
    resources,
    queues,
    wake,
    links,
    brake: brakes,
    reconcilers: {
      clusters: clusterReconciler({
        ...shared,
        connect: (cluster, token) => links.connect(cluster, token),
        disconnect: name => links.disconnect(name),
        wakeMachines: wake.machinesOf,
        clusterId,
      }),
      templates: templateReconciler(shared),
      quotas: quotaReconciler({ ...shared, mirrors: options.mirrorQuotas ?? false }),
      policies: policyReconciler(shared),
      sessions: sessionReconciler({ ...shared, consoleUrl: options.consoleUrl }),
      operations: operationReconciler(shared),
      snapshots: snapshotReconciler({ ...shared, wakeMachine: key => queues.machines.add(key) }),
      machines: machineReconciler({
        ...shared,
        clusterId,
        events,
        memory,
        ownWrites,
        wake: key => queues.machines.add(key),
      }),
    },
  };
}
