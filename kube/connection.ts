import type { KubeConfig } from '@kubernetes/client-node';
import { Client, type Dispatcher, Pool } from 'undici';
import { type Clock, sleep, systemClock } from './clock.ts';
import { CredentialSource, type Credentials } from './credentials.ts';
import { type Deadline, startDeadline } from './deadline.ts';
import { errorFromStatus, KubeError } from './errors.ts';
import { noMetrics, type RuntimeMetrics } from './telemetry.ts';

/** One request to the API server. */
export interface KubeRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The path below the server's URL, as `collectionPath` and `objectPath` make it. */
  path: string;
  /** Parameters; those that are undefined are left out. */
  query?: Record<string, string | number | boolean | undefined>;
  /** Sent as JSON. */
  body?: unknown;
  /** `application/json` where absent; PATCH needs one of the patch types. */
  contentType?: string;
  signal?: AbortSignal | undefined;
  /** Milliseconds for everything: the waiting for a connection, retries after 429, the whole answer. */
  timeoutMs?: number | undefined;
}

/** A request whose answer does not end by itself. */
export interface StreamRequest extends Omit<KubeRequest, 'method' | 'body' | 'contentType' | 'timeoutMs'> {
  /** The longest silence, in milliseconds, before the connection counts as dead. */
  silenceMs: number;
  /** Milliseconds after which the stream is ended in any case. */
  lifetimeMs: number;
}

/** A way to the API server. Every failure is a {@link KubeError}, or the reason of the caller's own signal. */
export interface Connection {
  /** Sends a request and answers its parsed JSON. */
  request(request: KubeRequest): Promise<unknown>;
  /** Opens a stream on a connection of its own, which is destroyed when the iteration ends, in whatever way. */
  stream(request: StreamRequest): AsyncGenerator<Uint8Array, void, void>;
  /** Ends all connections at once. */
  close(): Promise<void>;
}

/** Settings of {@link connect}. */
export interface ConnectOptions {
  /** Milliseconds for a request that names no own limit. */
  requestTimeoutMs?: number;
  /** Answers the kubeconfig to go on with after a 401; by default the same one, its files read anew. */
  reload?: () => KubeConfig;
  /** The `User-Agent`: server logs and audit show it. */
  userAgent?: string;
  metrics?: RuntimeMetrics;
  clock?: Clock;
}

/** 10 s is what the API server gives an admission webhook by default, the slowest part of an ordinary request. */
const defaultRequestTimeoutMs = 10_000;

/** As many requests as one controller process has use for: its workers and its reflectors. */
const poolConnections = 32;

/** The API server closes what is idle for 90 s; staying below avoids to send on a socket that it just closed. */
const keepAliveMs = 60_000;

/** A page of 500 objects has 2 to 20 MB; etcd takes 1.5 MB an object. More than this is no answer to us. */
const maxAnswerBytes = 256 * 2 ** 20;

/** Waited after a 429 that does not say how long; the API server itself says 1 s. */
const defaultRetryAfterMs = 1000;

/**
 * Connects to the cluster of the current context. Nothing is sent yet.
 *
 * A connection has one pool of keep-alive sockets. Leader election should have a connection of its own, so that a full
 * pool never costs the lease.
 */
export function connect(kubeConfig: KubeConfig, options: ConnectOptions = {}): Connection {
  return new HttpConnection(kubeConfig, options);
}

/** HTTP/1 only: over HTTP/2 an aborted request would come back over the same, perhaps dead, session. */
const dispatcherOptions = {
  allowH2: false,
  pipelining: 1,
  keepAliveTimeout: keepAliveMs,
  // Deadlines of our own cover the whole request; undici's would end a quiet watch.
  headersTimeout: 0,
  bodyTimeout: 0,
} as const;

class HttpConnection implements Connection {
  readonly #credentials: CredentialSource;
  readonly #requestTimeoutMs: number;
  readonly #userAgent: string;
  readonly #metrics: RuntimeMetrics;
  readonly #clock: Clock;
  #pool: { readonly dispatcher: Pool; readonly tlsFingerprint: string } | undefined;

  constructor(kubeConfig: KubeConfig, options: ConnectOptions) {
    this.#credentials = new CredentialSource(kubeConfig, options.reload);
    this.#requestTimeoutMs = options.requestTimeoutMs ?? defaultRequestTimeoutMs;
    this.#userAgent = options.userAgent ?? 'kube-controller';
    this.#metrics = options.metrics ?? noMetrics;
    this.#clock = options.clock ?? systemClock;
  }

  async request(request: KubeRequest): Promise<unknown> {
    using deadline = startDeadline(request.timeoutMs ?? this.#requestTimeoutMs, request.signal, this.#clock);
    const endsAt = this.#clock.now() + (request.timeoutMs ?? this.#requestTimeoutMs);
    for (;;) {
      try {
        return await this.#authenticated(credentials => this.#exchange(credentials, request, deadline));
      } catch (error) {
        const waitMs = waitBeforeRetry(error);
        if (waitMs === undefined || this.#clock.now() + waitMs >= endsAt) throw error;
        await sleep(waitMs, deadline.signal, this.#clock);
        if (deadline.signal.aborted) throw error;
      }
    }
  }

  async *stream(request: StreamRequest): AsyncGenerator<Uint8Array, void, void> {
    using silence = startDeadline(this.#requestTimeoutMs, request.signal, this.#clock);
    using lifetime = startDeadline(request.lifetimeMs, silence.signal, this.#clock);
    const { dispatcher, body } = await this.#authenticated(credentials => this.#open(credentials, request, lifetime));
    try {
      silence.extend(request.silenceMs);
      for await (const chunk of body) {
        silence.extend(request.silenceMs);
        yield chunk;
      }
    } catch (error) {
      throw this.#explain(error, request.signal, silence.expired || lifetime.expired);
    } finally {
      await dispatcher.destroy();
    }
  }

  async close(): Promise<void> {
    await this.#pool?.dispatcher.destroy();
    this.#pool = undefined;
  }

  /** A 401 was not executed, so any request may be sent again, once, with credentials that were read anew. */
  async #authenticated<T>(send: (credentials: Credentials) => Promise<T>): Promise<T> {
    const credentials = await this.#credentials.current();
    try {
      return await send(credentials);
    } catch (error) {
      if (!(error instanceof KubeError && error.status === 401)) throw error;
      return send(await this.#credentials.renew(credentials));
    }
  }

  async #exchange(credentials: Credentials, request: KubeRequest, deadline: Deadline): Promise<unknown> {
    const startedAt = this.#clock.now();
    let status = 0;
    try {
      const dispatcher = this.#poolFor(credentials);
      const options = this.#dispatchOptions(credentials, request, deadline.signal);
      const response = await dispatcher.request(options);
      const text = await response.body.text();
      status = response.statusCode;
      return answerOf(status, text, response.headers['retry-after']);
    } catch (error) {
      throw this.#explain(error, request.signal, deadline.expired);
    } finally {
      this.#metrics.requestEnded(request.method, status, (this.#clock.now() - startedAt) / 1000);
    }
  }

  async #open(credentials: Credentials, request: StreamRequest, deadline: Deadline) {
    const dispatcher = new Client(credentials.server.origin, { ...dispatcherOptions, connect: credentials.tls });
    try {
      const options = this.#dispatchOptions(credentials, { ...request, method: 'GET' }, deadline.signal);
      const response = await dispatcher.request(options);
      if (response.statusCode === 200) return { dispatcher, body: response.body };
      throw answerError(response.statusCode, await response.body.text(), response.headers['retry-after']);
    } catch (error) {
      await dispatcher.destroy();
      throw this.#explain(error, request.signal, deadline.signal.aborted);
    }
  }

  #dispatchOptions(credentials: Credentials, request: KubeRequest, signal: AbortSignal): Dispatcher.RequestOptions {
    const body = request.body === undefined ? null : JSON.stringify(request.body);
    return {
      method: request.method,
      path: pathOf(credentials.server, request),
      body,
      signal,
      headers: {
        ...credentials.headers,
        accept: 'application/json',
        'user-agent': this.#userAgent,
        ...(body === null ? {} : { 'content-type': request.contentType ?? 'application/json' }),
      },
    };
  }

  #poolFor(credentials: Credentials): Pool {
    if (this.#pool?.tlsFingerprint !== credentials.tlsFingerprint) {
      this.#recycle();
      const dispatcher = new Pool(credentials.server.origin, {
        ...dispatcherOptions,
        connections: poolConnections,
        maxResponseSize: maxAnswerBytes,
        connect: credentials.tls,
      });
      this.#pool = { dispatcher, tlsFingerprint: credentials.tlsFingerprint };
    }
    return this.#pool.dispatcher;
  }

  /** Requests under way may end on the old pool; new ones get new sockets. */
  #recycle(): void {
    this.#pool?.dispatcher.close().catch(() => undefined);
    this.#pool = undefined;
  }

  /** Translates what undici throws. After a broken connection its siblings and the CA are not trusted either. */
  #explain(error: unknown, callerSignal: AbortSignal | undefined, expired: boolean): unknown {
    if (error instanceof KubeError) return error;
    if (callerSignal?.aborted) return callerSignal.reason;
    this.#recycle();
    this.#credentials.expire();
    if (expired) {
      const message = 'the API server did not answer in time';
      return new KubeError({ status: 0, reason: 'DeadlineExceeded', message, cause: error });
    }
    const message = `the API server cannot be reached: ${error instanceof Error ? error.message : String(error)}`;
    return new KubeError({ status: 0, reason: 'Unreachable', message, cause: error });
  }
}

function pathOf(server: URL, { path, query = {} }: KubeRequest): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
  const prefix = server.pathname.replace(/\/$/, '');
  return parameters.size > 0 ? `${prefix}${path}?${parameters}` : `${prefix}${path}`;
}

function answerOf(status: number, text: string, retryAfter: string | string[] | undefined): unknown {
  if (status < 200 || status > 299) throw answerError(status, text, retryAfter);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new KubeError({ status: 0, reason: 'Malformed', message: 'the answer is no JSON', cause });
  }
}

function answerError(status: number, text: string, retryAfter: string | string[] | undefined): KubeError {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // A proxy's page: the status alone has to do.
  }
  return errorFromStatus(status, body, typeof retryAfter === 'string' ? retryAfter : undefined);
}

/** Priority and fairness refuses before it executes, so any request may be repeated. */
function waitBeforeRetry(error: unknown): number | undefined {
  if (!(error instanceof KubeError && error.status === 429)) return undefined;
  return error.retryAfterMs ?? defaultRetryAfterMs;
}
