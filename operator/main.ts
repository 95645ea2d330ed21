import { hostname } from 'node:os';
import { pino } from 'pino';
import { createKubeClient } from '#kube/client.ts';
import { connect } from '#kube/connection.ts';
import { type KubeAccess, readPlainKubeConfig } from '#kube/kubeconfig.ts';
import { acquireLease, type HeldLease } from '#kube/lease.ts';
import { type Probes, serveProbes } from '#kube/probes.ts';
import type { Logger } from '#kube/telemetry.ts';
import { startAdmission } from './admission/admission.ts';
import { QuotaGate } from './effects/quota-gate.ts';
import { createFiguresAccess } from './figures/access.ts';
import type { Figures } from './figures/figures.ts';
import { serveFigures } from './figures/server.ts';
import { createMetrics } from './metrics.ts';
import { startOperator } from './operator.ts';

/** Flags of `berth operator`. */
export interface OperatorFlags {
  kubeconfig?: string;
  clusterId?: string;
  /** Namespace of the Lease. */
  namespace: string;
  leaderElect: boolean;
  probePort: number;
  probeHost: string;
  logLevel: string;
  /** Port of the quota webhook; absent: none is served. */
  webhookPort?: number;
  webhookHost: string;
  /** Whether the API server reaches the webhook on the loopback interface rather than by its Service. */
  webhookLoopback: boolean;
  /** Port of the machines' figures; absent: none are served. */
  figuresPort?: number;
  figuresHost: string;
  /** Whether the number of machines of each VmQuota is mirrored to a native ResourceQuota. */
  mirrorQuotas: boolean;
  /** Origin of the console-proxy as people reach it; absent: there is none. */
  consoleUrl?: string;
}

/**
 * A call of the leader before us may still be waiting in Proxmox for a lock, which takes 10 s at most, and land after
 * it has lost its lease.
 */
const fenceMs = 12_000;

/** Runs the operator until SIGTERM or SIGINT; answers the exit code. */
export async function runOperator(flags: OperatorFlags): Promise<number> {
  const log: Logger = pino({ level: flags.logLevel, redact: ['token', '*.token', '*.headers.authorization'] });
  const metrics = createMetrics();
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort(new Error(signal)));
  const kubeConfig = await loadKubeConfig(flags.kubeconfig);
  let readiness: Probes['readiness'] = () => ({ ready: false, message: 'the webhook does not serve yet' });
  const { registry } = metrics;
  let figures: Figures | undefined;
  const probes = await serveProbes({ registry, readiness: () => readiness() }, flags.probePort, flags.probeHost);
  try {
    const gate = await serveWebhook(kubeConfig, flags, log, stop.signal);
    await serveFiguresOf(() => figures, kubeConfig, flags, log, stop.signal);
    // A replica that waits its turn is as ready as it can be; if it said no, a rollout would wait for it to lead.
    readiness = () => ({ ready: flags.leaderElect, message: 'waits for the lease' });
    const lease = flags.leaderElect ? await waitForLease(kubeConfig, flags, log, stop) : undefined;
    if (stop.signal.aborted) return 0;
    const signal = lease ? AbortSignal.any([stop.signal, lease.signal]) : stop.signal;
    const { clusterId, mirrorQuotas, consoleUrl } = flags;
    const options = { kubeConfig, clusterId, instance: hostname(), log, metrics, gate, mirrorQuotas, consoleUrl };
    const operator = await startOperator(options, signal);
    figures = operator.figures;
    readiness = () => ({ ready: operator.notReady() === undefined, message: operator.notReady() ?? 'ok' });
    await operator.finished;
    await lease?.release();
    return stop.signal.aborted ? 0 : 1;
  } catch (error) {
    log.error({ err: error }, 'the operator ended');
    return 1;
  } finally {
    probes.close();
  }
}

/** Every replica serves admission, whether it leads or waits. Answers its way into quotas. */
async function serveWebhook(
  kubeConfig: KubeAccess,
  { webhookPort: port, webhookHost: host, webhookLoopback: loopback, namespace }: OperatorFlags,
  log: Logger,
  signal: AbortSignal,
): Promise<QuotaGate | undefined> {
  if (port === undefined) return undefined;
  const kube = createKubeClient(connect(kubeConfig, { userAgent: 'berth-operator-webhook' }));
  const gate = new QuotaGate(kube);
  const url = await startAdmission({ kube, gate, namespace, host, port, loopback, log }, signal);
  log.info({ url }, 'serves the quota webhook');
  return gate;
}

/** Every replica answers; the one that leads has something to tell. */
async function serveFiguresOf(
  figures: () => Figures | undefined,
  kubeConfig: KubeAccess,
  { figuresPort: port, figuresHost: host }: OperatorFlags,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  if (port === undefined) return;
  const connection = connect(kubeConfig, { userAgent: 'berth-operator-figures' });
  const access = createFiguresAccess(connection, () => Date.now());
  const server = await serveFigures({ access, figures, log }, port, host);
  signal.addEventListener('abort', () => {
    server.close();
    server.closeIdleConnections();
    void connection.close();
  });
}

/** The official client is loaded only where it is needed: its models take memory. */
async function loadKubeConfig(path: string | undefined): Promise<KubeAccess> {
  const plain = await readPlainKubeConfig({ path, env: process.env });
  if (plain) return plain;
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  if (path) config.loadFromFile(path);
  else config.loadFromDefault();
  return config;
}

async function waitForLease(
  kubeConfig: KubeAccess,
  { namespace }: OperatorFlags,
  log: Logger,
  stop: AbortController,
): Promise<HeldLease | undefined> {
  const client = createKubeClient(connect(kubeConfig, { userAgent: 'berth-operator-lease' }));
  const lease = await acquireLease({
    client,
    namespace,
    name: 'berth-operator',
    identity: hostname(),
    signal: stop.signal,
    onLost: reason => {
      log.error({ err: reason }, 'the lease is lost; another operator may lead now');
      // Whatever still runs in this process must not go on: a restart begins from what is stored.
      setTimeout(() => process.exit(1), 1_000).unref();
    },
    log,
  });
  if (lease?.takenOver) {
    log.info({ fenceMs }, 'the leader before did not release the lease; waiting until its last calls have landed');
    await new Promise(resolve => setTimeout(resolve, fenceMs));
  }
  return lease;
}
