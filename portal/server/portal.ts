import { createServer as createPlainServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ProxmoxCluster, VirtualMachine, VmOperation, VmQuota, VmSnapshot, VmTemplate } from '#api/kinds.ts';
import { proxmoxClusters, virtualMachines, vmOperations, vmQuotas, vmSnapshots, vmTemplates } from '#api/kinds.ts';
import { namespaces } from '#kube/builtin.ts';
import { createKubeClient } from '#kube/client.ts';
import type { Connection } from '#kube/connection.ts';
import { Reflector } from '#kube/reflector.ts';
import type { KubeObject } from '#kube/resource.ts';
import { Store } from '#kube/store.ts';
import type { Logger, RuntimeMetrics } from '#kube/telemetry.ts';
import { createReviews } from './access/reviews.ts';
import { Viewers } from './access/viewers.ts';
import { createApp } from './app.ts';
import { watchHealth } from './live/health.ts';
import { Hub } from './live/hub.ts';
import { createStreams } from './live/streams.ts';
import { createTexts } from './live/texts.ts';
import type { Parts, Stores } from './parts.ts';
import type { SealingKey } from './session/keys.ts';
import { createSealer } from './session/seal.ts';
import { createSessions, type SessionLimits } from './session/sessions.ts';
import { createIssuer, type IssuerSettings } from './sign-in/issuer.ts';

/** Sets a namespace apart as a tenant. */
const tenantLabel = 'berth.dev/tenant';

/** How long open requests may go on when the portal is to stop. */
const drainMs = 5_000;

const forgetMs = 60_000;

/** What a portal is started with. */
export interface PortalOptions
  extends Pick<
    Parts,
    | 'version'
    | 'publicOrigin'
    | 'consoleOrigin'
    | 'pages'
    | 'trustedHops'
    | 'rateLimits'
    | 'log'
    | 'acting'
    | 'claims'
    | 'keepsToken'
    | 'metrics'
    | 'kubeconfig'
  > {
  connection: Connection;
  issuer: Omit<IssuerSettings, 'redirectUri' | 'signedOutUri'>;
  sessions: SessionLimits;
  /** Asked each time: the file may have been rotated. */
  keys: () => readonly [SealingKey, ...SealingKey[]];
  runtimeMetrics: RuntimeMetrics;
  /** Absent: plain HTTP, behind a proxy that ends TLS. */
  tls?: { key: string; cert: string };
  host: string;
  /** 0 for any free one. */
  port: number;
}

/** A running portal. */
export interface Portal {
  port: number;
  /** Whether every resource was read. */
  isReady: () => boolean;
  streams: () => number;
  /** Resolves when it has stopped. */
  finished: Promise<void>;
}

/** Starts the portal; the signal stops it. Rejects where it cannot listen. */
export async function startPortal(options: PortalOptions, signal: AbortSignal): Promise<Portal> {
  const { connection, acting, log, publicOrigin } = options;
  const now = () => Date.now();
  const stores = createStores();
  const texts = createTexts();
  const { machines, quotas } = stores;
  const hub = new Hub({ machines, quotas, texts, log });
  const reviews = createReviews(connection, acting, now);
  const namespacesOf = () =>
    new Set([...stores.tenants.list().map(({ metadata }) => metadata.name), ...namespacesWith(machines)]);
  const viewers = new Viewers({ reviews, machines, quotas, namespaces: namespacesOf, now });
  const sealer = createSealer(options.keys, now);
  const sessions = createSessions(sealer, options.sessions, now);
  const streams = createStreams(hub, sessions, now, log);
  const health = watchHealth(connection, stores.clusters, changed => hub.onHealth(changed));
  const issuer = createIssuer(
    { ...options.issuer, redirectUri: `${publicOrigin}/auth/callback`, signedOutUri: `${publicOrigin}/` },
    now,
  );
  const reflectors = createReflectors(stores, hub, () => health.look(), connection, log, options.runtimeMetrics);
  const app = createApp({
    ...options,
    now,
    issuer,
    sealer,
    sessions,
    own: connection,
    stores,
    reviews,
    viewers,
    texts,
    hub,
    streams,
    health,
  });
  const server = options.tls ? createTlsServer({ ...options.tls, minVersion: 'TLSv1.2' }, app) : createPlainServer(app);
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  // Longer than proxies keep a quiet connection, or they would send on one that was just closed.
  server.keepAliveTimeout = 75_000;
  await listen(server, options.port, options.host);

  async function runAll(): Promise<void> {
    const sweep = setInterval(() => viewers.sweep(), forgetMs);
    streams.run(signal);
    await Promise.all([health.run(signal), ...reflectors.map(reflector => reflector.run(signal))]);
    clearInterval(sweep);
    await closed(server);
    await connection.close();
  }

  return {
    port: (server.address() as AddressInfo).port,
    isReady: () => reflectors.every(({ synced }) => synced),
    streams: () => streams.size,
    finished: runAll(),
  };
}

const byNamespace = ({ metadata }: KubeObject) => [metadata.namespace ?? ''];

const createStores = (): Stores => ({
  machines: new Store<VirtualMachine>({ namespace: byNamespace }),
  quotas: new Store<VmQuota>({ namespace: byNamespace }),
  operations: new Store<VmOperation>({ machine: ({ metadata, spec }) => [`${metadata.namespace}/${spec.vmName}`] }),
  snapshots: new Store<VmSnapshot>({ machine: ({ metadata, spec }) => [`${metadata.namespace}/${spec.vmName}`] }),
  clusters: new Store<ProxmoxCluster>(),
  templates: new Store<VmTemplate>(),
  tenants: new Store<KubeObject>(),
});

const namespacesWith = (machines: Store<VirtualMachine>): Set<string> =>
  new Set(machines.list().map(({ metadata }) => metadata.namespace ?? ''));

interface Reflection {
  readonly synced: boolean;
  run(signal: AbortSignal): Promise<void>;
}

function createReflectors(
  { machines, quotas, operations, snapshots, clusters, templates, tenants }: Stores,
  hub: Hub,
  onCluster: () => void,
  connection: Connection,
  log: Logger,
  metrics: RuntimeMetrics,
): Reflection[] {
  const common = { client: createKubeClient(connection), log, metrics };
  return [
    new Reflector<VirtualMachine>({
      ...common,
      type: virtualMachines,
      store: machines,
      onChange: (_key, kind, object) => hub.onMachine(kind, object),
    }),
    new Reflector<VmQuota>({
      ...common,
      type: vmQuotas,
      store: quotas,
      onChange: (_key, kind, object) => hub.onQuota(kind, object),
    }),
    new Reflector<VmSnapshot>({
      ...common,
      type: vmSnapshots,
      store: snapshots,
      onChange: (_key, kind, object) => hub.onSnapshot(kind, object),
    }),
    new Reflector<VmOperation>({
      ...common,
      type: vmOperations,
      store: operations,
      onChange: (_key, kind, object) => hub.onOperation(kind, object),
    }),
    new Reflector<ProxmoxCluster>({ ...common, type: proxmoxClusters, store: clusters, onChange: onCluster }),
    new Reflector<VmTemplate>({ ...common, type: vmTemplates, store: templates }),
    new Reflector<KubeObject>({ ...common, type: namespaces, store: tenants, labelSelector: tenantLabel }),
  ];
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(port, host, () => listening.resolve());
  await listening.promise;
}

/** Lets open requests end, for a while. */
async function closed(server: Server): Promise<void> {
  const done = Promise.withResolvers<void>();
  server.close(() => done.resolve());
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), drainMs);
  await done.promise;
  clearTimeout(timer);
}
