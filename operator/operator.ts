import { namespaces } from '#kube/builtin.ts';
import { createKubeClient, type KubeClient } from '#kube/client.ts';
import { connect } from '#kube/connection.ts';
import { runController } from '#kube/controller.ts';
import { createEventRecorder } from '#kube/events.ts';
import type { KubeAccess } from '#kube/kubeconfig.ts';
import type { Logger } from '#kube/telemetry.ts';
import { createTransport } from '#proxmox/transport.ts';
import { assemble } from './assembly.ts';
import type { QuotaGate } from './effects/quota-gate.ts';
import { createFigures, type Figures } from './figures/figures.ts';
import type { OperatorMetrics } from './metrics.ts';
import { createReflectors } from './resources.ts';

/** Keys that each controller works on at a time; no run of one waits for more than a call. */
const workers = {
  machines: 16,
  clusters: 2,
  templates: 2,
  quotas: 4,
  policies: 1,
  operations: 2,
  snapshots: 2,
  sessions: 1,
};

/** What an operator runs with. */
export interface OperatorOptions {
  kubeConfig: KubeAccess;
  /** Id of the Kubernetes cluster in markers. Default: the UID of the namespace kube-system. */
  clusterId?: string;
  /** Name of this process in Events. */
  instance: string;
  log: Logger;
  metrics: OperatorMetrics;
  /** The way into quotas that admission of this process has, too: what both want at a time goes into one write. */
  gate: QuotaGate | undefined;
  /** Whether the number of machines of each VmQuota is mirrored to a native ResourceQuota. */
  mirrorQuotas: boolean;
  /** Where the console-proxy is reached, an origin; undefined where there is none. */
  consoleUrl?: string | undefined;
}

/** A running operator. */
export interface Operator {
  /** Why it cannot do its work yet, or undefined. */
  notReady: () => string | undefined;
  /** What the polls say of machines. */
  figures: Figures;
  /** Resolves when everything has stopped. */
  finished: Promise<void>;
}

/** Starts the controllers; the signal stops them. Rejects when the API server cannot be reached at all. */
export async function startOperator(options: OperatorOptions, signal: AbortSignal): Promise<Operator> {
  const { log, metrics, instance } = options;
  const connection = connect(options.kubeConfig, { userAgent: 'berth-operator', metrics: metrics.runtime });
  const kube = createKubeClient(connection);
  const clusterId = options.clusterId ?? (await readClusterId(kube));
  const events = createEventRecorder({ client: kube, controller: 'berth.dev/operator', instance, log });
  const observe = metrics.observeProxmox;
  const { resources, queues, wake, links, brake, reconcilers } = assemble({
    kube,
    events,
    clusterId,
    log,
    openTransport: createTransport,
    observe,
    ...(options.gate && { gate: options.gate }),
    mirrorQuotas: options.mirrorQuotas,
    ...(options.consoleUrl !== undefined && { consoleUrl: options.consoleUrl }),
  });
  for (const [name, queue] of Object.entries(queues)) metrics.addQueue(name, queue);
  metrics.addLinks(links);
  metrics.addBrakes(() => resources.clusters.list().map(({ metadata }) => metadata.name), brake);
  const figures = createFigures(resources.machines, links, () => Date.now());
  metrics.addFigures(figures);
  const reflectors = createReflectors(resources, wake, { client: kube, log, metrics: metrics.runtime });
  const isSynced = () => reflectors.every(({ synced }) => synced);

  async function runControllers(): Promise<void> {
    await Promise.all(reflectors.map(reflector => reflector.whenSynced()));
    const { machines, clusters, templates } = resources;
    log.info(
      { machines: machines.size, clusters: clusters.size, templates: templates.size },
      'every resource is known',
    );
    const names = Object.keys(reconcilers) as (keyof typeof reconcilers)[];
    const common = { signal, log, metrics: metrics.runtime };
    await Promise.all(
      names.map(name =>
        runController({
          ...common,
          name,
          queue: queues[name],
          concurrency: workers[name],
          reconcile: reconcilers[name],
        }),
      ),
    );
  }

  async function runAll(): Promise<void> {
    const stopped = new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
    const controllers = runControllers();
    // Without a first complete list the controllers never began, and there is nothing to drain.
    const drained = Promise.race([controllers, stopped.then(() => (isSynced() ? controllers : undefined))]);
    await Promise.all([drained, ...reflectors.map(reflector => reflector.run(signal))]);
    await Promise.all([links.close(), events.close()]);
    await connection.close();
  }

  return { finished: runAll(), figures, notReady: () => (isSynced() ? undefined : 'the resources were not read yet') };
}

/** The UID of kube-system is what Kubernetes clusters are usually told apart by. */
async function readClusterId(kube: KubeClient): Promise<string> {
  const { metadata } = await kube.get(namespaces, { name: 'kube-system' });
  if (!metadata.uid) throw new Error('the namespace kube-system has no UID; pass --cluster-id');
  return metadata.uid;
}
