import { lookup } from 'node:dns/promises';
import { readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { KubeConfig } from '@kubernetes/client-node';
import { pino } from 'pino';
import { connect } from '#kube/connection.ts';
import { type Logger, noMetrics } from '#kube/telemetry.ts';
import packageJson from '../../package.json' with { type: 'json' };
import type { Acting } from './access/person.ts';
import { defaultRateLimits } from './http/rate-limits.ts';
import type { KubeconfigSettings } from './kubeconfig.ts';
import { type MetricsSource, operatorMetrics } from './metrics-source.ts';
import { startPortal } from './portal.ts';
import { serveProbes } from './probes.ts';
import { parseKeys, type SealingKey } from './session/keys.ts';

/** Flags of `berth portal`. Files are read anew where they may be rotated. */
export interface PortalFlags {
  kubeconfig?: string;
  publicUrl: string;
  port: number;
  host: string;
  probePort: number;
  probeHost: string;
  tlsCertFile?: string;
  tlsKeyFile?: string;
  issuer: string;
  clientId: string;
  clientSecretFile?: string;
  issuerCaFile?: string;
  scopes: string;
  usernameClaim: string;
  usernamePrefix: string;
  groupsClaim: string;
  groupsPrefix: string;
  auth: Acting;
  sessionKeysFile: string;
  idleMinutes: number;
  sessionHours: number;
  trustedHops: number;
  consoleUrl?: string;
  figuresUrl?: string;
  figuresTokenFile?: string;
  kubeconfigServer?: string;
  kubeconfigCaFile?: string;
  kubeconfigLogin: 'plugin' | 'token';
  pages?: string;
  logLevel: string;
}

/** How often the file of session keys is looked at. */
const keysMs = 10_000;

/** Runs the portal until SIGTERM or SIGINT; answers the exit code. */
export async function runPortal(flags: PortalFlags): Promise<number> {
  const log: Logger = pino({ level: flags.logLevel, redact: ['token', '*.token', '*.headers', '*.idToken'] });
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort(new Error(signal)));
  try {
    const publicOrigin = originOf(flags.publicUrl);
    const secret = flags.clientSecretFile && readFileSync(flags.clientSecretFile, 'utf8').trim();
    const kubeconfig = kubeconfigSettings(flags);
    const metrics = metricsSource(flags);
    const portal = await startPortal(
      {
        version: { name: 'Berth', version: packageJson.version, build: process.version },
        publicOrigin,
        ...(flags.consoleUrl && { consoleOrigin: originOf(flags.consoleUrl) }),
        pages: flags.pages ?? fileURLToPath(new URL('../web/dist', import.meta.url)),
        trustedHops: flags.trustedHops,
        rateLimits: defaultRateLimits,
        log,
        acting: flags.auth,
        claims: {
          username: flags.usernameClaim,
          usernamePrefix: flags.usernamePrefix,
          groups: flags.groupsClaim,
          groupsPrefix: flags.groupsPrefix,
        },
        keepsToken: flags.auth === 'forward' || (kubeconfig !== undefined && flags.kubeconfigLogin === 'token'),
        ...(metrics && { metrics }),
        ...(kubeconfig && { kubeconfig }),
        connection: connect(loadKubeConfig(flags.kubeconfig), { userAgent: 'berth-portal' }),
        issuer: {
          issuer: flags.issuer,
          clientId: flags.clientId,
          ...(secret && { clientSecret: secret }),
          ...(flags.issuerCaFile && { ca: readFileSync(flags.issuerCaFile, 'utf8') }),
          scopes: flags.scopes,
        },
        sessions: { idleMs: flags.idleMinutes * 60_000, absoluteMs: flags.sessionHours * 3_600_000 },
        keys: keysFrom(flags.sessionKeysFile, log),
        runtimeMetrics: noMetrics,
        ...(tlsOf(flags) ?? {}),
        host: flags.host,
        port: flags.port,
      },
      stop.signal,
    );
    const probes = await serveProbes(portal, flags.probePort, flags.probeHost);
    log.info({ url: publicOrigin, port: portal.port }, 'serves the portal');
    await portal.finished;
    probes.close();
    return 0;
  } catch (error) {
    log.error({ err: error }, 'the portal ended');
    return 1;
  }
}

/** The origin of a URL that has nothing else. Throws an Error. */
function originOf(text: string): string {
  const url = new URL(text);
  if (url.protocol !== 'https:' || url.pathname !== '/' || url.search || url.hash || url.username) {
    throw new Error(`"${text}" is no https URL without a path`);
  }
  return url.origin;
}

function loadKubeConfig(path: string | undefined): KubeConfig {
  const config = new KubeConfig();
  if (path) config.loadFromFile(path);
  else config.loadFromDefault();
  return config;
}

function tlsOf({ tlsCertFile, tlsKeyFile }: PortalFlags): { tls: { key: string; cert: string } } | undefined {
  if (!tlsCertFile || !tlsKeyFile) return undefined;
  return { tls: { key: readFileSync(tlsKeyFile, 'utf8'), cert: readFileSync(tlsCertFile, 'utf8') } };
}

/** The keys of a file that may be rotated. A file that cannot be read later leaves the keys of before. Throws an Error. */
function keysFrom(file: string, log: Logger): () => readonly [SealingKey, ...SealingKey[]] {
  let keys = parseKeys(readFileSync(file, 'utf8'));
  let readAt = Date.now();
  let changedAt = statSync(file).mtimeMs;
  return () => {
    if (Date.now() - readAt < keysMs) return keys;
    readAt = Date.now();
    try {
      const { mtimeMs } = statSync(file);
      if (mtimeMs !== changedAt) keys = parseKeys(readFileSync(file, 'utf8'));
      changedAt = mtimeMs;
    } catch (error) {
      log.error({ err: error }, 'the session keys could not be read anew');
    }
    return keys;
  };
}

function kubeconfigSettings(flags: PortalFlags): KubeconfigSettings | undefined {
  const { kubeconfigServer: server, kubeconfigCaFile, kubeconfigLogin, issuer, clientId, scopes } = flags;
  if (!server) return undefined;
  return {
    server,
    name: 'berth',
    ...(kubeconfigCaFile && { ca: readFileSync(kubeconfigCaFile, 'utf8') }),
    login: kubeconfigLogin === 'token' ? { kind: 'token' } : { kind: 'plugin', issuer, clientId, scopes },
  };
}

function metricsSource({ figuresUrl, figuresTokenFile }: PortalFlags): MetricsSource | undefined {
  if (!figuresUrl || !figuresTokenFile) return undefined;
  const url = new URL(figuresUrl);
  return operatorMetrics({
    // A headless Service has the address of each replica.
    async urls() {
      const addresses = await lookup(url.hostname, { all: true });
      return addresses.map(({ address, family }) => `http://${family === 6 ? `[${address}]` : address}:${url.port}`);
    },
    token: async () => (await readFile(figuresTokenFile, 'utf8')).trim(),
  });
}
