import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { KubeConfig } from '@kubernetes/client-node';
import { pino } from 'pino';
import { createKubeClient } from '#kube/client.ts';
import { connect } from '#kube/connection.ts';
import { serveProbes } from '#kube/probes.ts';
import { createMetrics } from './metrics.ts';
import { startProxy } from './proxy.ts';

/** Flags of `berth console-proxy`. */
export interface ConsoleProxyFlags {
  kubeconfig?: string;
  origin: string;
  portalOrigin: string[];
  port: number;
  host: string;
  tlsCert?: string;
  tlsKey?: string;
  probePort: number;
  probeHost: string;
  logLevel: string;
  maxSessions: number;
  maxPerNode: number;
  /** How long open consoles stay when it is told to stop. */
  drainSeconds: number;
  /** How long new connections are still taken then: Services are slow to hear of it. */
  lingerSeconds: number;
}

/** Runs the console-proxy until SIGTERM or SIGINT, and then until the last console is closed; answers the exit code. */
export async function runConsoleProxy(flags: ConsoleProxyFlags): Promise<number> {
  const log = pino({
    level: flags.logLevel,
    redact: ['token', '*.token', 'verifier', '*.verifier', 'ticket', '*.ticket', '*.headers', '*.url'],
  });
  const stop = Promise.withResolvers<void>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.resolve());
  const kubeConfig = new KubeConfig();
  if (flags.kubeconfig) kubeConfig.loadFromFile(flags.kubeconfig);
  else kubeConfig.loadFromDefault();
  const metrics = createMetrics();
  const connection = connect(kubeConfig, { userAgent: 'berth-console-proxy' });
  try {
    const proxy = await startProxy({
      kube: createKubeClient(connection),
      instance: `${hostname()}-${process.pid}`,
      origin: flags.origin,
      portals: flags.portalOrigin,
      ...(flags.tlsCert && flags.tlsKey && { tls: await readTls(flags.tlsCert, flags.tlsKey) }),
      host: flags.host,
      port: flags.port,
      limits: { sessions: flags.maxSessions, perNode: flags.maxPerNode },
      log,
      metrics,
    });
    let isStopping = false;
    const readiness = () => {
      const reason = isStopping ? 'it is being stopped' : proxy.notReady();
      return { ready: reason === undefined, message: reason ?? 'ok' };
    };
    const probes = await serveProbes({ registry: metrics.registry, readiness }, flags.probePort, flags.probeHost);
    log.info({ port: proxy.port, origin: flags.origin }, 'serves consoles');
    await stop.promise;
    isStopping = true;
    log.info({ consoles: proxy.live.size }, 'stops when the last console is closed');
    await new Promise(resolve => setTimeout(resolve, flags.lingerSeconds * 1000));
    await proxy.stop(flags.drainSeconds * 1000);
    probes.close();
    return 0;
  } catch (error) {
    log.error({ err: error }, 'the console-proxy ended');
    return 1;
  } finally {
    await connection.close();
  }
}

async function readTls(certificate: string, key: string): Promise<{ cert: string; key: string }> {
  const [cert, secret] = await Promise.all([readFile(certificate, 'utf8'), readFile(key, 'utf8')]);
  return { cert, key: secret };
}
