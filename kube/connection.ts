import type { Pool } from 'undici';
import { type Clock, sleep, systemClock } from './clock.ts';
import { CredentialSource, type Credentials } from './credentials.ts';
import { type Deadline, startDeadline } from './deadline.ts';
import { KubeError } from './errors.ts';
import type { KubeAccess } from './kubeconfig.ts';
import { noMetrics, type RuntimeMetrics } from './telemetry.ts';
import {
  openPool,
  openSocket,
  readAnswer,
  readRefusal,
  type WireRequest,
  warningsOf,
  wireOptions,
} from './transport.ts';

/**
 * One request to the API server: its path below the server's URL, as `collectionPath` and `objectPath` make it, its
 * parameters, undefined ones left out, and its body, sent as JSON.
 */
export interface KubeRequest extends WireRequest {
  signal?: AbortSignal | undefined;
  /** Milliseconds for everything: the waiting for a socket, retries after 429, the whole answer. */
  timeoutMs?: number | undefined;
  /** Told of the warnings that come with an answer. */
  onWarnings?: ((warnings: string[]) => void) | undefined;
}

/** A GET whose answer does not end by itself. */
export interface StreamRequest extends Pick<KubeRequest, 'path' | 'query' | 'signal'> {
  /** The longest silence, in milliseconds, before the connection counts as dead. */
  silenceMs: number;
  /** Milliseconds after which the stream is ended in any case. */
  lifetimeMs: number;
}

/** A way to the API server. Every failure is a {@link KubeError}, or the reason of the caller's own signal. */
export interface Connection {
  /** Sends a request and answers its parsed JSON. */
  request(request: KubeRequest): Promise<unknown>;
  /** Opens a stream on a socket of its own, which is destroyed when the iteration ends, in whatever way. */
  stream(request: StreamRequest): AsyncGenerator<Uint8Array, void, void>;
  /** Ends all requests at once; streams are ended by their readers. */
  close(): Promise<void>;
}

/** Settings of {@link connect}. */
export interface ConnectOptions {
  /** Milliseconds for a request that names no own limit. */
  requestTimeoutMs?: number;
  /** Answers the kubeconfig to go on with after a 401; by default the same one, its files read anew. */
  reload?: () => KubeAccess;
  /** The `User-Agent`: logs and audit of the server show it. */
  userAgent?: string;
  metrics?: RuntimeMetrics;
  clock?: Clock;
}

/** 10 s is what the API server gives an admission webhook by default, the slowest part of an ordinary request. */
const defaultRequestTimeoutMs = 10_000;

/** Waited after a 429 that does not say how long; the API server itself says 1 s. */
const defaultRetryAfterMs = 1000;

/**
 * Connects to the cluster of the current context. Nothing is sent yet.
 *
 * A connection has one pool of sockets. Leader election should have a connection of its own, so that a full pool never
 * costs the lease.
 */
export function connect(kubeConfig: KubeAccess, options: ConnectOptions = {}): Connection {
  return new HttpConnection(kubeConfig, options);
}

class HttpConnection implements Connection {
  readonly #credentials: CredentialSource;
  readonly #requestTimeoutMs: number;
  readonly #userAgent: string;
  readonly #metrics: RuntimeMetrics;
  readonly #clock: Clock;
  #pool: { readonly dispatcher: Pool; readonly tlsFingerprint: string } | undefined;

  constructor(kubeConfig: KubeAccess, options: ConnectOptions) {
    this.#credentials = new CredentialSource(kubeConfig, options.reload);
    this.#requestTimeoutMs = options.requestTimeoutMs ?? defaultRequestTimeoutMs;
    this.#userAgent = options.userAgent ?? 'kube-controller';
    this.#metrics = options.metrics ?? noMetrics;
    this.#clock = options.clock ?? systemClock;
  }

  async request(request: KubeRequest): Promise<unknown> {
    const timeoutMs = request.timeoutMs ?? this.#requestTimeoutMs;
    using deadline = startDeadline(timeoutMs, request.signal, this.#clock);
    const endsAt = this.#clock.now() + timeoutMs;
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
    const { socket, body } = await this.#authenticated(credentials => this.#open(credentials, request, lifetime));
    try {
      silence.extend(request.silenceMs);
      for await (const chunk of body) {
        silence.extend(request.silenceMs);
        yield chunk;
      }
    } catch (error) {
      throw this.#explain(error, request.signal, lifetime);
    } finally {
      await socket.destroy();
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
      const options = wireOptions(credentials, request, this.#userAgent, deadline.signal);
      const response = await this.#poolFor(credentials).request(options);
      const answer = await readAnswer(response);
      status = response.statusCode;
      const warnings = request.onWarnings ? warningsOf(response) : [];
      if (warnings.length > 0) request.onWarnings?.(warnings);
      return answer;
    } catch (error) {
      const explained = this.#explain(error, request.signal, deadline);
      if (explained instanceof KubeError) status = explained.status;
      throw explained;
    } finally {
      this.#metrics.requestEnded(request.method, status, (this.#clock.now() - startedAt) / 1000);
    }
  }

  async #open(credentials: Credentials, request: StreamRequest, deadline: Deadline) {
    const socket = openSocket(credentials);
    try {
      const { path, query = {} } = request;
      const options = wireOptions(credentials, { method: 'GET', path, query }, this.#userAgent, deadline.signal);
      const response = await socket.request(options);
      if (response.statusCode !== 200) throw await readRefusal(response);
      return { socket, body: response.body };
    } catch (error) {
      await socket.destroy();
      throw this.#explain(error, request.signal, deadline);
    }
  }

  #poolFor(credentials: Credentials): Pool {
    const { tlsFingerprint } = credentials;
    if (this.#pool?.tlsFingerprint !== tlsFingerprint) {
      this.#recycle();
      this.#pool = { dispatcher: openPool(credentials), tlsFingerprint };
    }
    return this.#pool.dispatcher;
  }

  /** Requests under way may end on the old pool; new ones get new sockets. */
  #recycle(): void {
    this.#pool?.dispatcher.close().catch(() => undefined);
    this.#pool = undefined;
  }

  /**
   * Translates what undici throws. Where a connection broke or went silent, the others of the pool may be as dead, and
   * the CA may have been replaced.
   */
  #explain(error: unknown, callerSignal: AbortSignal | undefined, deadline: Deadline): unknown {
    if (error instanceof KubeError) return error;
    if (callerSignal?.aborted) return callerSignal.reason;
    this.#recycle();
    this.#credentials.expire();
    if (deadline.signal.aborted) {
      const message = 'the API server did not answer in time';
      return new KubeError({ status: 0, reason: 'DeadlineExceeded', message, cause: error });
    }
    const message = `the API server cannot be reached: ${error instanceof Error ? error.message : String(error)}`;
    return new KubeError({ status: 0, reason: 'Unreachable', message, cause: error });
  }
}

/** Priority and fairness refuses before it executes, so any request may be repeated. */
function waitBeforeRetry(error: unknown): number | undefined {
  if (!(error instanceof KubeError && error.status === 429)) return undefined;
  return error.retryAfterMs ?? defaultRetryAfterMs;
}
