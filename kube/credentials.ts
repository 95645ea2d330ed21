import { createHash } from 'node:crypto';
import type { RequestOptions } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import type { KubeConfig } from '@kubernetes/client-node';
import type { KubeAccess } from './kubeconfig.ts';

/** What a request needs to reach the API server and be believed. */
export interface Credentials {
  /** The server's URL; its path, if any, is a prefix of every request's. */
  server: URL;
  /** `authorization` and impersonation headers. */
  headers: Record<string, string>;
  /** CA, client certificate and key, server name. */
  tls: ConnectionOptions;
  /** Equal for equal `tls`: a pool lives as long as its fingerprint stays. */
  tlsFingerprint: string;
}

/**
 * How long credentials are used before the files are looked at again. Kubelet replaces a token when 80 % of its life
 * of an hour is over, so this may be minutes; client-go takes one minute. The kubeconfig's own cache adds another.
 */
const maxAgeMs = 30_000;

/** Reads the credentials of a kubeconfig's current context, and reads them again when they were refused. */
export class CredentialSource {
  #config: KubeAccess;
  #reloadConfig: () => KubeAccess;
  #cached: { readonly credentials: Promise<Credentials>; readonly readAt: number } | undefined;

  /** `reloadConfig` answers the configuration to use after a refusal; by default the same with its caches emptied. */
  constructor(config: KubeAccess, reloadConfig: () => KubeAccess = () => withoutCaches(config)) {
    this.#config = config;
    this.#reloadConfig = reloadConfig;
  }

  /** The credentials of now. Rejects with an Error where a file or the exec plugin of the kubeconfig fails. */
  async current(): Promise<Credentials> {
    const now = performance.now();
    if (!this.#cached || now - this.#cached.readAt > maxAgeMs) {
      this.#cached = { credentials: readCredentials(this.#config), readAt: now };
    }
    const { credentials } = this.#cached;
    try {
      return await credentials;
    } catch (error) {
      this.expire();
      throw error;
    }
  }

  /** Credentials to try after a 401 to `refused`, read anew unless somebody else did that meanwhile. */
  async renew(refused: Credentials): Promise<Credentials> {
    const current = await this.current();
    if (current !== refused) return current;
    this.#config = this.#reloadConfig();
    this.expire();
    return this.current();
  }

  /** Makes the next `current` read the files: after a failed handshake the CA may have been replaced. */
  expire(): void {
    this.#cached = undefined;
  }
}

/**
 * The same configuration with new authenticators: the official client's keep a token file for a minute and an exec token
 * until its end. It is made by the caller's own class, since whoever does not need that client must not load it.
 */
function withoutCaches(config: KubeAccess): KubeAccess {
  if (!isOfficial(config)) return config;
  const { clusters, users, contexts, currentContext } = config;
  const copy = new (config.constructor as new () => KubeConfig)();
  copy.loadFromOptions({ clusters, users, contexts, currentContext });
  return copy;
}

const isOfficial = (config: KubeAccess): config is KubeConfig => 'loadFromOptions' in config;

async function readCredentials(config: KubeAccess): Promise<Credentials> {
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error(`the kubeconfig has no cluster for its current context "${config.currentContext}"`);
  if (cluster.proxyUrl) throw new Error('proxy-url of a kubeconfig is not supported');
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  const tls = definedOnly({ ca, cert, key, servername, rejectUnauthorized });
  const fingerprint = createHash('sha256');
  for (const [name, value] of Object.entries(tls)) fingerprint.update(`${name}\0${value}\0`);
  return {
    server: new URL(cluster.server),
    headers: headersOf(options),
    tls,
    tlsFingerprint: fingerprint.digest('hex'),
  };
}

/** A token file often ends with a newline, which no header may hold. */
function headersOf(options: RequestOptions): Record<string, string> {
  const entries = Object.entries(options.headers ?? {});
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), String(value).trim()]));
}

function definedOnly<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
