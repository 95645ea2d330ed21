import { Client, type Dispatcher, Pool } from 'undici';
import type { Credentials } from './credentials.ts';
import { errorFromStatus, KubeError } from './errors.ts';

/** One request, as it goes over the wire. */
export interface WireRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  contentType?: string;
  /** Headers beside the credentials' own, and instead of them where they have the same name, in lower case. */
  headers?: Readonly<Record<string, string | string[]>>;
}

/** As many requests as one controller process has use for: its workers and its reflectors. */
const poolConnections = 32;

/** The API server closes what is idle for 90 s; staying below avoids to send on a socket that it just closed. */
const keepAliveMs = 60_000;

/** A page of a list has 1 to 10 MB; etcd takes 1.5 MB an object. More than this is no answer to us. */
const maxAnswerBytes = 256 * 2 ** 20;

/** HTTP/1 only: over HTTP/2 an aborted request would come back over the same, perhaps dead, session. */
const commonOptions = {
  allowH2: false,
  pipelining: 1,
  keepAliveTimeout: keepAliveMs,
  // Deadlines of our own cover the whole request; undici's would end a quiet watch.
  headersTimeout: 0,
  bodyTimeout: 0,
} as const;

/** The sockets for ordinary requests, kept alive. */
export function openPool({ server, tls }: Credentials): Pool {
  const options = { connections: poolConnections, maxResponseSize: maxAnswerBytes, connect: tls };
  return new Pool(server.origin, { ...commonOptions, ...options });
}

/** One socket for one stream, to be destroyed with it. */
export function openSocket({ server, tls }: Credentials): Client {
  return new Client(server.origin, { ...commonOptions, connect: tls });
}

/** What undici is to send. */
export function wireOptions(
  { server, headers }: Credentials,
  request: WireRequest,
  userAgent: string,
  signal: AbortSignal,
): Dispatcher.RequestOptions {
  const body = request.body === undefined ? null : JSON.stringify(request.body);
  const contentType = body === null ? {} : { 'content-type': request.contentType ?? 'application/json' };
  return {
    method: request.method,
    path: pathOf(server, request),
    headers: { ...headers, ...request.headers, accept: 'application/json', 'user-agent': userAgent, ...contentType },
    body,
    signal,
  };
}

/** Reads an answer to its end: its JSON, or else a thrown `KubeError`. */
export async function readAnswer(response: Dispatcher.ResponseData): Promise<unknown> {
  if (response.statusCode < 200 || response.statusCode > 299) throw await readRefusal(response);
  const json = parsed(await response.body.text());
  if (json !== undefined) return json;
  throw new KubeError({ status: 0, reason: 'Malformed', message: 'the answer is no JSON' });
}

/** The warnings of an answer, as in `299 - "text"` (RFC 7234, 5.5): what the API server has people told beside a success. */
export function warningsOf({ headers }: Dispatcher.ResponseData): string[] {
  return [headers.warning ?? []].flat().flatMap(line => {
    const quoted = /^299 \S+ ("(?:[^"\\]|\\.)*")/.exec(line)?.[1];
    return quoted ? [quoted.slice(1, -1).replaceAll(/\\(.)/g, '$1')] : [];
  });
}

/** Reads an answer that is not the one hoped for, as an error to be thrown. */
export async function readRefusal({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<KubeError> {
  const retryAfter = headers['retry-after'];
  const json = parsed(await body.text());
  return errorFromStatus(statusCode, json, typeof retryAfter === 'string' ? retryAfter : undefined);
}

/** Undefined where the text is no JSON: the page of some proxy. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The server's URL may have a path itself, as behind Rancher. */
function pathOf(server: URL, { path, query = {} }: WireRequest): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
  const prefix = server.pathname.replace(/\/$/, '');
  return parameters.size > 0 ? `${prefix}${path}?${parameters}` : `${prefix}${path}`;
}
