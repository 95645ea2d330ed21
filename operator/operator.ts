import type { KubeConfig } from '@kubernetes/client-node';
import {
  type ProxmoxCluster,
  proxmoxClusters,
  type VirtualMachine,
  type VmTemplate,
  virtualMachines,
  vmTemplates,
} from '#api/kinds.ts';
import { createKubeClient, type KubeClient } from '#kube/client.ts';
import { connect } from '#kube/connection.ts';
import { runController } from '#kube/controller.ts';
import { createEventRecorder } from '#kube/events.ts';
import { OwnWrites } from '#kube/own-writes.ts';
import { Queue } from '#kube/queue.ts';
import { Reflector } from '#kube/reflector.ts';
import { keyOf, type ResourceType } from '#kube/resource.ts';
import { Store } from '#kube/store.ts';
import type { Logger } from '#kube/telemetry.ts';
import { createTransport } from '#proxmox/transport.ts';
import { clusterReconciler } from './controllers/proxmox-clusters.ts';
import { machineReconciler } from './controllers/virtual-machines.ts';
import { templateReconciler } from './controllers/vm-templates.ts';
import { isReady } from './core/steps/settled.ts';
import { Allocator } from './effects/allocator.ts';
import type { LinkEvents, OpenTransport } from './effects/cluster-link.ts';
import { Links } from './effects/links.ts';
import { inventoryOf, notYet } from './effects/looks.ts';
import { MachineMemory } from './effects/memory.ts';
import { nodeCapacities } from './effects/node-capacity.ts';
import type { OperatorMetrics } from './metrics.ts';

/** Machines that are reconciled at a time; none of them waits for anything but one call. */
const machineWorkers = 16;

/** What an operator is made of. */
export interface OperatorOptions {
  kubeConfig: KubeConfig;
  /** Id of the Kubernetes cluster in markers. Default: the UID of the namespace kube-system. */
  clusterId?: string;
  /** Name of this process in Events. */
  instance: string;
  log: Logger;
  metrics: OperatorMetrics;
  openTransport?: OpenTransport;
}

/** A running operator. */
export interface Operator {
  /** Why it cannot do its work yet, or undefined. */
  notReady: () => string | undefined;
  /** Resolves when everything has stopped. */
  finished: Promise<void>;
}

/** Starts the controllers; the signal stops them. Rejects when the API server cannot be reached at all. */
export async function startOperator(options: OperatorOptions, signal: AbortSignal): Promise<Operator> {
  const { log, metrics, instance, openTransport = createTransport } = options;
  const connection = connect(options.kubeConfig, { userAgent: 'berth-operator', metrics: metrics.runtime });
  const kube = createKubeClient(connection);
  const clusterId = options.clusterId ?? (await readClusterId(kube));
  const events = createEventRecorder({ client: kube, controller: 'berth.dev/operator', instance, log });
  const queues = { machines: new Queue(), clusters: new Queue(), templates: new Queue() };
  for (const [name, queue] of Object.entries(queues)) metrics.addQueue(name, queue);
  const memory = new MachineMemory(Date.now, Math.random);
  const machines = new Store<VirtualMachine>({
    vmid: ({ status }) => (status?.vmid === undefined ? [] : [String(status.vmid)]),
    template: ({ spec }) => [spec.source.template.name],
  });
  const clusters = new Store<ProxmoxCluster>();
  const templates = new Store<VmTemplate>();

  const wake = (found: VirtualMachine[]) => {
    for (const vm of found) queues.machines.add(keyOf(vm), 'low');
  };
  const linkEvents = (cluster: string): LinkEvents => ({
    onTaskEnd: (key, upid, status) => {
      const uid = machines.get(key)?.metadata.uid;
      // A task that its node does not know any more proves nothing: the machine itself is looked at.
      const [succeeded, message] = status.state === 'ended' ? [status.ok, status.ok ? undefined : status.exit] : [true];
      if (uid) memory.taskEnded(uid, upid, succeeded, message);
      queues.machines.add(key);
    },
    onInventory: vmids => {
      for (const vm of vmids.flatMap(vmid => machines.byIndex('vmid', String(vmid)))) {
        if (vm.status?.cluster !== cluster) continue;
        if (isReady(vm)) memory.config(vm.metadata.uid ?? '', undefined);
        queues.machines.add(keyOf(vm));
      }
    },
    onError: error => log.warn({ err: error, cluster }, 'Proxmox did not answer a poll'),
    onTurn: key => queues.machines.add(key),
  });
  const links = new Links({
    events: linkEvents,
    openTransport,
    observe: metrics.observeProxmox,
    now: Date.now,
  });
  metrics.addLinks(links);
  const link = (name: string) => links.get(name);
  const allocator = allocators(kube, links, machines);

  const reflect = <T extends VirtualMachine | ProxmoxCluster | VmTemplate>(
    type: ResourceType,
    store: Store<T>,
    onChange: (key: string, object: T, kind: 'added' | 'updated' | 'deleted', low: boolean) => void,
  ) =>
    new Reflector<T>({
      client: kube,
      type,
      store,
      log,
      metrics: metrics.runtime,
      onChange: (key, kind, object, origin) => onChange(key, object, kind, origin === 'list'),
    });
  const generations = new Map<string, number | undefined>();
  const reflectors = [
    reflect(proxmoxClusters, clusters, (key, { metadata }, kind) => {
      queues.clusters.add(key);
      // Claims change the status with every machine; only a new spec concerns them all.
      if (kind !== 'deleted' && generations.get(key) !== metadata.generation) wake(machines.list());
      generations.set(key, metadata.generation);
    }),
    reflect(vmTemplates, templates, key => {
      queues.templates.add(key);
      wake(machines.byIndex('template', key).filter(vm => !isReady(vm)));
    }),
    reflect(virtualMachines, machines, (key, vm, kind, low) => {
      if (kind === 'deleted') {
        memory.forget(vm.metadata.uid ?? '');
        for (const { slots } of links.all()) slots.release(key);
      }
      queues.machines.add(key, low ? 'low' : 'normal');
    }),
  ];

  const now = Date.now;
  const reflecting = reflectors.map(reflector => reflector.run(signal));
  const synced = Promise.all(reflectors.map(reflector => reflector.whenSynced()));
  const controllers = synced.then(() => {
    log.info({ machines: machines.size, clusters: clusters.size }, 'the operator has seen everything and begins');
    const base = { signal, log, metrics: metrics.runtime };
    const wakeMachines = (cluster: string) =>
      wake(machines.list().filter(({ status }) => (status?.cluster ?? cluster) === cluster));
    return Promise.all([
      runController({
        ...base,
        name: 'clusters',
        queue: queues.clusters,
        concurrency: 2,
        reconcile: clusterReconciler({
          kube,
          clusters,
          machines,
          connect: (cluster, token) => links.connect(cluster, token),
          disconnect: name => links.disconnect(name),
          allocator,
          wakeMachines,
          now,
        }),
      }),
      runController({
        ...base,
        name: 'templates',
        queue: queues.templates,
        concurrency: 2,
        reconcile: templateReconciler({ kube, templates, link, now }),
      }),
      runController({
        ...base,
        name: 'machines',
        queue: queues.machines,
        concurrency: machineWorkers,
        reconcile: machineReconciler({
          clusterId,
          kube,
          events,
          machines,
          clusters,
          templates,
          link,
          allocator,
          memory,
          ownWrites: new OwnWrites(machines),
          now,
        }),
      }),
    ]);
  });

  const finished = (async () => {
    const aborted = new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
    await Promise.race([controllers, aborted]);
    await Promise.all(reflecting);
    await Promise.race([controllers, Promise.resolve()]);
    await links.close();
    await events.close();
    await connection.close();
  })();
  const notReady = () => {
    const waiting = reflectors.find(reflector => !reflector.synced);
    return waiting ? 'the resources were not read yet' : undefined;
  };
  return { notReady, finished };
}

/** One allocator for each ProxmoxCluster, made when it is first needed. */
function allocators(kube: KubeClient, links: Links, machines: Store<VirtualMachine>): (cluster: string) => Allocator {
  const made = new Map<string, Allocator>();
  return cluster => {
    const present = made.get(cluster);
    if (present) return present;
    const inventory = () => {
      const link = links.get(cluster);
      if (!link) throw notYet(`ProxmoxCluster ${cluster} is not connected`);
      return inventoryOf(link);
    };
    const allocator = new Allocator(cluster, {
      kube,
      takenVmids: () =>
        new Set([
          ...inventory().vms.map(({ vmid }) => vmid),
          ...machines.list().flatMap(({ status }) => status?.vmid ?? []),
        ]),
      nodes: inFlight => nodeCapacities(inventory(), machines.list(), inFlight),
    });
    made.set(cluster, allocator);
    return allocator;
  };
}

const namespaces: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
};

/** The UID of kube-system is what Kubernetes clusters are usually told apart by. */
async function readClusterId(kube: KubeClient): Promise<string> {
  const { metadata } = await kube.get(namespaces, { name: 'kube-system' });
  if (!metadata.uid) throw new Error('the namespace kube-system has no UID; pass --cluster-id');
  return metadata.uid;
}
