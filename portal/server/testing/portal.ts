import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { pino } from 'pino';
import { connect } from '#kube/connection.ts';
import { noMetrics } from '#kube/telemetry.ts';
import { type ApiServer, startApiServer } from '#kube/testing/api-server.ts';
import { defaultRateLimits } from '../http/rate-limits.ts';
import { type PortalOptions, startPortal } from '../portal.ts';
import { parseKeys } from '../session/keys.ts';
import { Browser } from './browser.ts';
import type { TestIssuer } from './issuer.ts';

/** A portal whose Kubernetes is a small stand-in: enough for sign-ins, headers and whatever comes before. */
export interface TestPortal {
  origin: string;
  kubernetes: ApiServer;
  /** Lines that it logged. */
  log: string[];
  browser(): Browser;
  close(): Promise<void>;
}

/** Starts it on a port of its own. */
export async function startTestPortal(issuer: TestIssuer, change: Partial<PortalOptions> = {}): Promise<TestPortal> {
  const kubernetes = await startApiServer();
  const port = await freePort();
  const origin = `https://127.0.0.1:${port}`;
  const tls = { key: issuer.tlsKey, cert: issuer.ca };
  const keys = parseKeys(randomBytes(32).toString('base64'));
  const log: string[] = [];
  const stop = new AbortController();
  const browsers: Browser[] = [];
  const portal = await startPortal(
    {
      version: { name: 'Berth', version: '0.0.0', build: 'test' },
      publicOrigin: origin,
      pages: '/nonexistent',
      trustedHops: 0,
      rateLimits: { ...defaultRateLimits, signInsPerAddress: 1e6 },
      log: pino({ level: 'debug' }, { write: line => log.push(line) }),
      acting: 'impersonate',
      claims: { username: 'preferred_username', usernamePrefix: 'oidc:', groups: 'groups', groupsPrefix: 'oidc:' },
      keepsToken: false,
      connection: connect(kubernetes.kubeConfig()),
      issuer: {
        issuer: issuer.url,
        clientId: issuer.clientId,
        clientSecret: issuer.clientSecret,
        ca: issuer.ca,
        scopes: 'openid profile',
      },
      sessions: { idleMs: 60_000, absoluteMs: 60_000 },
      keys: () => keys,
      runtimeMetrics: noMetrics,
      tls,
      host: '127.0.0.1',
      port,
      ...change,
    },
    stop.signal,
  );
  return {
    origin,
    kubernetes,
    log,
    browser() {
      const browser = new Browser(origin, [issuer.ca]);
      browsers.push(browser);
      return browser;
    },
    async close() {
      await Promise.all(browsers.map(browser => browser.close()));
      stop.abort();
      await portal.finished;
      await kubernetes.close();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
