import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import type { ResourceType } from '../resource.ts';
import { ObjectTable, type TableEvent } from './object-table.ts';
import type { Json } from './patches.ts';
import { type Call, create, get, isSelected, list, patch, Refusal, remove, replace } from './verbs.ts';

/**
 * A small, well-behaved API server for tests. It serves any type of resource, and has no schemas, no admission and no
 * garbage collection. What misbehaves is the fault proxy in front of it.
 */
export interface ApiServer {
  url: string;
  /** The objects, to be read and changed without a request. */
  table: ObjectTable;
  /** Each request so far, as `GET /api/v1/…?…`. */
  requests: string[];
  /** Sockets that were accepted so far. */
  connections: number;
  /** Sockets that are open now. */
  openConnections: number;
  /** Watches that are open now. */
  watches: number;
  /** Where set, a request without this bearer token is answered 401. */
  token: string | undefined;
  /** A kubeconfig for it, `user` being what the user entry holds. */
  kubeConfig(user?: object, cluster?: object): KubeConfig;
  close(): Promise<void>;
}

/** Settings of {@link startApiServer}. */
export interface ApiServerOptions {
  /** PEM texts; plain HTTP where absent. */
  tls?: { key: string; cert: string };
  /** Milliseconds between two bookmarks; the real one sends about one a minute. */
  bookmarkMs?: number;
}

/** The name of a type's collection in the table of the server. */
export function collectionOf(type: ResourceType): string {
  return `${type.group}/${type.version}/${type.plural}`;
}

/** A kubeconfig for a URL. */
export function kubeConfigFor(server: string, user: object = {}, cluster: object = {}): KubeConfig {
  const config = new KubeConfig();
  // The official client takes plain HTTP only where it need not verify.
  const skipTLSVerify = server.startsWith('http:');
  config.loadFromClusterAndUser({ name: 'test', server, skipTLSVerify, ...cluster }, { name: 'test', ...user });
  return config;
}

/** Starts the server on a port of its own. */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    serve(state, options, request, response).catch(error => {
      const { code = 500, reason = 'InternalError', message } = error as Partial<Refusal>;
      send(response, code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message });
    });
  };
  const server = options.tls ? createTlsServer(options.tls, handle) : createServer(handle);
  server.on('connection', socket => {
    state.connections += 1;
    state.openConnections += 1;
    socket.on('close', () => {
      state.openConnections -= 1;
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const state: ApiServer = {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    table: new ObjectTable(),
    requests: [],
    connections: 0,
    openConnections: 0,
    watches: 0,
    token: undefined,
    kubeConfig: (user, cluster) => kubeConfigFor(state.url, user, cluster),
    async close() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
  return state;
}

async function serve(state: ApiServer, options: ApiServerOptions, request: IncomingMessage, response: ServerResponse) {
  state.requests.push(`${request.method} ${request.url}`);
  if (state.token !== undefined && request.headers.authorization !== `Bearer ${state.token}`) {
    throw new Refusal(401, 'Unauthorized', 'Unauthorized');
  }
  const call = await callOf(request);
  if (call.parameters.has('watch')) watch(state, options, call, response);
  else if (request.method === 'POST') send(response, 201, create(state.table, call));
  else send(response, 200, answer(state.table, request.method, call));
}

function answer(table: ObjectTable, method: string | undefined, call: Call): object {
  switch (method) {
    case 'GET':
      return call.name ? get(table, call) : list(table, call);
    case 'PUT':
      return replace(table, call);
    case 'PATCH':
      return patch(table, call);
    case 'DELETE':
      return remove(table, call);
    default:
      throw new Refusal(405, 'MethodNotAllowed', `${method} is not allowed`);
  }
}

const routes =
  /^\/(?:api\/(?<core>v1)|apis\/(?<group>[^/]+)\/(?<version>[^/]+))(?:\/namespaces\/(?<namespace>[^/]+)(?=\/[^/]))?\/(?<plural>[^/]+)(?:\/(?<name>[^/]+))?(?:\/(?<subresource>status))?$/;

async function callOf(request: IncomingMessage): Promise<Call> {
  const url = new URL(request.url ?? '/', 'http://any');
  const route = routes.exec(url.pathname)?.groups;
  if (!route) throw new Refusal(404, 'NotFound', 'the server could not find the requested resource');
  const { core, group = '', version = core, namespace, plural, name = '', subresource } = route;
  return {
    collection: `${group}/${version}/${plural}`,
    namespace,
    name,
    subresource,
    parameters: url.searchParams,
    contentType: request.headers['content-type'],
    body: await bodyOf(request),
  };
}

function watch(state: ApiServer, options: ApiServerOptions, call: Call, response: ServerResponse): void {
  const write = (type: string, object: object) => response.write(`${JSON.stringify({ type, object })}\n`);
  const show = ({ type, collection, object }: TableEvent) => {
    if (collection === call.collection && isSelected(object, call)) write(type, object);
  };
  const missed = state.table.since(Number(call.parameters.get('resourceVersion') ?? 0));
  if (!missed) throw new Refusal(410, 'Expired', 'too old resource version');
  response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
  for (const event of missed) show(event);
  const stopListening = state.table.listen(show);
  const bookmarks = setInterval(() => {
    write('BOOKMARK', { metadata: { resourceVersion: String(state.table.revision) } });
  }, options.bookmarkMs ?? 60_000);
  const timeout = setTimeout(() => response.end(), Number(call.parameters.get('timeoutSeconds') ?? 1800) * 1000);
  state.watches += 1;
  response.on('close', () => {
    state.watches -= 1;
    stopListening();
    clearInterval(bookmarks);
    clearTimeout(timeout);
  });
}

async function bodyOf(request: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? null : (JSON.parse(Buffer.concat(chunks).toString('utf8')) as Json);
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
