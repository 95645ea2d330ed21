import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Queue } from '#kube/queue.ts';
import type { RuntimeMetrics } from '#kube/telemetry.ts';
import type { TransportOptions } from '#proxmox/transport.ts';
import type { DestroyBrake } from './effects/destroy-brake.ts';
import type { Links } from './effects/links.ts';
import type { Figures } from './figures/figures.ts';
import { machineGauges } from './figures/gauges.ts';

/** Buckets for calls that take milliseconds when all is well and 35 s when a deadline ends them. */
const callBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 35];

/** The operator's Prometheus metrics: counted by the runtime and the client, and pulled from queues and links. */
export interface OperatorMetrics {
  registry: Registry;
  runtime: RuntimeMetrics;
  observeProxmox: (cluster: string) => NonNullable<TransportOptions['observe']>;
  /** Adds gauges of a queue. */
  addQueue: (name: string, queue: Queue) => void;
  /** Adds gauges of the links. */
  addLinks: (links: Links) => void;
  /** Adds a gauge of the brakes on destroys. */
  addBrakes: (clusters: () => string[], brake: (cluster: string) => DestroyBrake) => void;
  /** Adds gauges of every machine. */
  addFigures: (figures: Figures) => void;
}

/** Makes the metrics with a registry of their own. */
export function createMetrics(): OperatorMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const reconciles = new Histogram({
    name: 'berth_reconcile_seconds',
    help: 'Time that a reconcile took, by controller and outcome.',
    labelNames: ['controller', 'outcome'],
    buckets: callBuckets,
    registers,
  });
  const kubeRequests = new Histogram({
    name: 'berth_kubernetes_request_seconds',
    help: 'Time that a request to the Kubernetes API took; status 0 is no answer.',
    labelNames: ['method', 'status'],
    buckets: callBuckets,
    registers,
  });
  const watches = new Counter({
    name: 'berth_kubernetes_watches_ended_total',
    help: 'Watches that ended, by kind and why.',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const lists = new Counter({
    name: 'berth_kubernetes_lists_total',
    help: 'Complete lists that were read, by kind.',
    labelNames: ['kind'],
    registers,
  });
  const proxmoxRequests = new Histogram({
    name: 'berth_proxmox_request_seconds',
    help: 'Time that a request to the Proxmox VE API took; status 0 is no answer.',
    labelNames: ['cluster', 'method', 'route', 'status'],
    buckets: callBuckets,
    registers,
  });
  return {
    registry,
    runtime: {
      requestEnded: (method, status, seconds) => kubeRequests.observe({ method, status }, seconds),
      listed: kind => lists.inc({ kind }),
      watchEnded: (kind, outcome) => watches.inc({ kind, outcome }),
      reconciled: (controller, outcome, seconds) => reconciles.observe({ controller, outcome }, seconds),
    },
    observeProxmox:
      cluster =>
      ({ method, route, status, durationMs }) =>
        proxmoxRequests.observe({ cluster, method, route, status }, durationMs / 1000),
    addQueue: queueGauges(registry),
    addLinks: links => linkGauges(registry, links),
    addBrakes: (clusters, brake) => brakeGauge(registry, clusters, brake),
    addFigures: figures => machineGauges(registry, figures),
  };
}

function queueGauges(registry: Registry): OperatorMetrics['addQueue'] {
  const queues = new Map<string, Queue>();
  const depth = new Gauge({
    name: 'berth_queue_keys',
    help: 'Keys in the queue of a controller, by state.',
    labelNames: ['controller', 'state'],
    registers: [registry],
    collect: () => {
      for (const [controller, queue] of queues) {
        const { ready, delayed, running } = queue.stats();
        for (const [state, count] of Object.entries({ ready, delayed, running }))
          depth.set({ controller, state }, count);
      }
    },
  });
  const age = new Gauge({
    name: 'berth_queue_oldest_seconds',
    help: 'Age of the oldest key that could be taken.',
    labelNames: ['controller'],
    registers: [registry],
    collect: () => {
      for (const [controller, queue] of queues) age.set({ controller }, queue.stats().oldestReadyMs / 1000);
    },
  });
  return (name, queue) => queues.set(name, queue);
}

function linkGauges(registry: Registry, links: Links): void {
  const tasks = new Gauge({
    name: 'berth_proxmox_tasks',
    help: 'Tasks that run in Proxmox for Berth, and machines that wait to start one.',
    labelNames: ['cluster', 'state'],
    registers: [registry],
    collect: () => {
      for (const { name, slots } of links.all()) {
        tasks.set({ cluster: name, state: 'running' }, slots.counts.held);
        tasks.set({ cluster: name, state: 'waiting' }, slots.counts.waiting);
      }
    },
  });
}

function brakeGauge(registry: Registry, clusters: () => string[], brake: (cluster: string) => DestroyBrake): void {
  const gauge = new Gauge({
    name: 'berth_destroy_brake',
    help: '1 while nothing but what people have deleted is destroyed in a cluster.',
    labelNames: ['cluster'],
    registers: [registry],
    collect: () => {
      for (const cluster of clusters()) gauge.set({ cluster }, brake(cluster).holding ? 1 : 0);
    },
  });
}
