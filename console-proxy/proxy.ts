import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { ConsoleSession } from '#api/kinds.ts';
import { consoleSessions } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';
import { createEventRecorder } from '#kube/events.ts';
import { Reflector } from '#kube/reflector.ts';
import type { Logger } from '#kube/telemetry.ts';
import { createApp } from './app.ts';
import { type Limits, LiveConsoles } from './live.ts';
import type { ConsoleMetrics } from './metrics.ts';
import { readPages } from './pages.ts';
import { createUpgrade } from './upgrade.ts';

/** What a console-proxy runs with. */
export interface ProxyOptions {
  kube: KubeClient;
  /** Name of this process in statuses and Events. */
  instance: string;
  origin: string;
  portals: readonly string[];
  /** Key and certificate, PEM; absent where TLS ends in front of it. */
  tls?: { key: string; cert: string };
  host: string;
  port: number;
  limits: Limits;
  log: Logger;
  metrics: ConsoleMetrics;
}

/** A running console-proxy. */
export interface ConsoleProxy {
  port: number;
  live: LiveConsoles;
  /** Why it cannot do its work, or undefined. */
  notReady: () => string | undefined;
  /** Takes no more connections, and resolves when the last console has closed or `graceMs` are over. */
  stop: (graceMs: number) => Promise<void>;
}

/** A browser opens a few; each console is one. */
const connectionsPerConsole = 4;

/** How long it may take to write down how hundreds of consoles ended. */
const writingMs = 10_000;

/** Starts a console-proxy. Rejects where it cannot listen, or the pages were not built. */
export async function startProxy(options: ProxyOptions): Promise<ConsoleProxy> {
  const { kube, instance, origin, portals, tls, host, port, limits, log, metrics } = options;
  const live = new LiveConsoles(limits);
  const stopWatch = new AbortController();
  const reflector = new Reflector<ConsoleSession>({
    client: kube,
    type: consoleSessions,
    log,
    onChange: (_key, kind, object) => live.onChange({ kind, object }),
  });
  const events = createEventRecorder({ client: kube, controller: 'berth.dev/console-proxy', instance, log });
  const shared = { kube, instance, origin, metrics, log, now: Date.now };
  const app = createApp({ ...shared, portals, pages: readPages() });
  const upgrade = createUpgrade({ ...shared, live, events });
  const limit = { maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 5_000 };
  const server: Server = tls
    ? createHttpsServer({ ...tls, ...limit, minVersion: 'TLSv1.2' }, app)
    : createHttpServer(limit, app);
  server.maxConnections = limits.sessions * connectionsPerConsole;
  server.on('upgrade', (request, socket, head) => void upgrade(request, socket, head));
  server.listen(port, host);
  await once(server, 'listening');
  const watching = reflector.run(stopWatch.signal);
  const address = server.address();
  const isStale = () => reflector.silentMs > 120_000;

  async function stop(graceMs: number): Promise<void> {
    live.drain();
    server.close();
    const deadline = performance.now() + graceMs;
    while (live.size > 0 && performance.now() < deadline) await new Promise(resolve => setTimeout(resolve, 100));
    live.closeAll();
    // How they ended is written down, and nothing is told after that.
    await Promise.race([live.settled(), new Promise(resolve => setTimeout(resolve, writingMs).unref())]);
    server.closeAllConnections();
    stopWatch.abort();
    await Promise.all([watching, events.close()]);
  }

  return {
    port: typeof address === 'object' && address ? address.port : port,
    live,
    notReady: () => {
      if (live.isDraining) return 'it is being stopped';
      if (!reflector.synced || isStale()) return 'the API server was not heard of';
      return undefined;
    },
    stop,
  };
}
