import { Agent } from 'undici';
import { type Answer, dataOf } from './answer.ts';
import type { Call } from './call.ts';
import { ProxmoxError } from './errors.ts';
import { type Message, originOf, prepare } from './message.ts';
import { createConnector, NotConnected, type Trust } from './trust.ts';

/** Something that answers calls: a Proxmox cluster, or a simulated one in the same process. */
export interface Transport {
  /** The answer's `data`. @throws ProxmoxError */
  request(call: Call): Promise<unknown>;
}

/** One exchange as it went over the wire, for metrics. */
export interface ObservedCall {
  method: Call['method'];
  path: string;
  route: string;
  /** The HTTP status, or 0 where there was no answer. */
  status: number;
  durationMs: number;
}

/** How to reach and trust a Proxmox cluster. */
export interface TransportOptions {
  /** Origins such as `https://pve1.example:8006`, best first: nodes of one cluster. */
  endpoints: readonly string[];
  /** Answers `user@realm!id=secret`. Asked at each request, so that a rotated token needs no restart. */
  token: () => string;
  tls: Trust;
  observe?: (call: ObservedCall) => void;
  /** Connections to each endpoint, 8 unless told: a node has three workers, each of them single-threaded. */
  connections?: number;
  /** Time for TCP and TLS, 5 s unless told. */
  connectTimeoutMs?: number;
}

/** A {@link Transport} over HTTPS. Closing lets the calls that are under way end; disposing ends them. */
export interface HttpTransport extends Transport, AsyncDisposable {
  close(): Promise<void>;
}

/**
 * pveproxy itself gives up on a silent node after 30 s (596), and a config write waits up to 10 s for a lock: a longer
 * deadline lets Proxmox's own words end a call, and an outcome stay unknown only when nobody answers at all.
 */
const defaultTimeoutMs = 35_000;

/** An inventory of 10 000 VMs takes about 4 MB. */
const maxAnswerBytes = 32 * 1024 * 1024;

/** pveproxy closes a connection that was idle for 5 s; one of ours is never that old. */
const keepAliveMs = 3_000;

/** pveproxy closes a connection after 100 requests. */
const requestsPerConnection = 90;

/** Opens nothing yet. @throws TypeError for an endpoint that is no https origin, or a malformed fingerprint. */
export function createTransport(options: TransportOptions): HttpTransport {
  const origins = options.endpoints.map(originOf);
  if (origins.length === 0) throw new TypeError('no endpoint');
  const agent = new Agent({
    connect: createConnector(options.tls, options.connectTimeoutMs ?? 5_000),
    connections: options.connections ?? 8,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    maxRequestsPerClient: requestsPerConnection,
    maxResponseSize: maxAnswerBytes,
    // The deadline of the call rules; undici's own clocks would only blur it.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  let preferred = 0;

  async function exchange(origin: string, call: Call, message: Message, signal: AbortSignal): Promise<Answer> {
    const started = performance.now();
    let status = 0;
    try {
      const response = await agent.request({
        origin,
        method: call.method,
        path: message.target,
        headers: message.headers,
        body: message.body,
        signal,
      });
      const body = await response.body.text();
      status = response.statusCode;
      return { status, phrase: response.statusText, body };
    } finally {
      const { method, path, route = path } = call;
      options.observe?.({ method, path, route, status, durationMs: performance.now() - started });
    }
  }

  /** A reused connection may be closed under a request. Only a read is safe to send again, and once is enough. */
  async function exchangeOrRetry(origin: string, call: Call, message: Message, signal: AbortSignal): Promise<Answer> {
    try {
      return await exchange(origin, call, message, signal);
    } catch (error) {
      if (call.method !== 'GET' || !isConnectionLost(error)) throw error;
      return exchange(origin, call, message, signal);
    }
  }

  /** Goes through the endpoints, the last good one first. Another one is tried only if nothing at all was sent. */
  async function exchangeAnywhere(call: Call, message: Message, signal: AbortSignal): Promise<Answer> {
    const refusals: NotConnected[] = [];
    for (let tried = 0, first = preferred; tried < origins.length; tried++) {
      const index = (first + tried) % origins.length;
      try {
        const answer = await exchangeOrRetry(origins[index] as string, call, message, signal);
        preferred = index;
        return answer;
      } catch (error) {
        if (!(error instanceof NotConnected)) throw error;
        refusals.push(error);
      }
    }
    throw new NotConnected(refusals.map(refusal => refusal.message).join('; '), {
      untrusted: refusals.every(refusal => refusal.untrusted),
    });
  }

  return {
    async request(call) {
      const message = prepare(call, options.token());
      const deadline = AbortSignal.timeout(call.timeoutMs ?? defaultTimeoutMs);
      const signal = call.signal === undefined ? deadline : AbortSignal.any([deadline, call.signal]);
      let answer: Answer;
      try {
        answer = await exchangeAnywhere(call, message, signal);
      } catch (error) {
        throw lost(call, error);
      }
      return dataOf(call, answer);
    },
    close: () => agent.close(),
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

function isConnectionLost(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(String(error.code))
  );
}

/** There was no whole answer. What was sent may have been done, unless nothing was. */
function lost({ method, path }: Call, error: unknown): ProxmoxError {
  const notConnected = error instanceof NotConnected;
  return new ProxmoxError(
    {
      kind: notConnected && error.untrusted ? 'unauthenticated' : 'transient',
      method,
      path,
      status: 0,
      reason: reasonOf(error),
      outcomeUnknown: method !== 'GET' && !notConnected,
    },
    { cause: error },
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'TimeoutError' ? 'no answer before the deadline' : error.message;
}
