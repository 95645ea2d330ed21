import type { Connection } from './connection.ts';

/** Ordinary requests of a connection, without its streams and its life. */
export type Requests = Pick<Connection, 'request'>;

/** The same way to the API server, with headers on each request that the caller of a request cannot replace. */
export function withHeaders(connection: Requests, headers: Readonly<Record<string, string | string[]>>): Requests {
  return { request: request => connection.request({ ...request, headers: { ...request.headers, ...headers } }) };
}
