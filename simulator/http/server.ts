import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { gzipSync } from 'node:zlib';
import type { Simulator } from '../simulator.ts';
import { createIdentity, type ServerIdentity } from './certificate.ts';
import type { Answer, ConsoleUpgrade, Headers, Request } from './message.ts';
import { redirectAnswer } from './redirect.ts';

/** Where and how the API is served. */
export interface ServeOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  /** Loopback unless given. */
  host?: string;
  /** The node whose API this is; the first one unless given. */
  node?: string;
  /** Made anew unless given. */
  identity?: ServerIdentity;
  /** Takes over the connection of a console that was granted. */
  console?: (upgrade: ConsoleUpgrade, request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** A served API. */
export interface Served {
  /** `https://127.0.0.1:8006`. */
  url: string;
  port: number;
  /** The authority's certificate, PEM. */
  ca: string;
  /** SHA-256 of the server's certificate. */
  fingerprint: string;
  close(): Promise<void>;
}

/** An idle connection is closed after this long [PVE::APIServer::AnyEvent]. */
const IDLE_MS = 5000;

/** A connection is closed after so many requests. */
const REQUESTS_PER_CONNECTION = 100;

const MAX_HEADER_BYTES = 8 * 1024;

/** Bodies above this size are compressed for who takes that. */
const GZIP_FROM = 1024;

/** Bodies are read up to here; what is longer is refused by its Content-Length before. */
const MAX_UPLOAD = 256 * 2 ** 20;

const TLS_HANDSHAKE = 0x16;

/** Serves the simulator's API over HTTPS, with the manners of pveproxy. */
export async function serve(simulator: Simulator, options: ServeOptions = {}): Promise<Served> {
  const host = options.host ?? '127.0.0.1';
  const identity = options.identity ?? createIdentity([...new Set(['127.0.0.1', 'localhost', host])], Date.now());
  const sockets = new Set<Socket>();
  const secure = createHttpsServer({ key: identity.key, cert: identity.cert, maxHeaderSize: MAX_HEADER_BYTES });
  secure.keepAliveTimeout = IDLE_MS;
  secure.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void answerRequest(simulator, options.node, request, response);
  });
  secure.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    void answerUpgrade(simulator, options, request, socket, head);
  });
  const plain = createHttpServer((request, response) => redirect(request, response));
  const listener = createTcpServer(socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    sniff(socket, isTls => (isTls ? secure : plain).emit('connection', socket));
  });
  listener.listen(options.port ?? 0, host);
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    listener.close();
    await once(listener, 'close');
  };
  return { url: `https://${host}:${port}`, port, ca: identity.ca, fingerprint: identity.fingerprint, close };
}

/** Looks at the first byte of a connection without taking it. */
function sniff(socket: Socket, decide: (isTls: boolean) => void): void {
  socket.once('data', data => {
    socket.pause();
    socket.unshift(data);
    decide(data[0] === TLS_HANDSHAKE);
    process.nextTick(() => socket.resume());
  });
}

/** Plain HTTP on the TLS port. */
function redirect(request: IncomingMessage, response: ServerResponse): void {
  const { status, reason, headers, body } = redirectAnswer(request.headers.host ?? 'localhost', request.url ?? '/');
  response.writeHead(status, reason, { ...headers, Connection: 'close' });
  response.end(body);
}

const counts = new WeakMap<Duplex, number>();

async function answerRequest(
  simulator: Simulator,
  node: string | undefined,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const request = await readRequest(incoming, node);
  const answer = await simulator.handle(request);
  if (response.destroyed) return;
  if (answer.broken !== undefined) {
    incoming.socket.destroy();
    return;
  }
  const count = (counts.get(incoming.socket) ?? 0) + 1;
  counts.set(incoming.socket, count);
  const wantsClose = incoming.headers.connection?.toLowerCase() === 'close';
  const close = answer.close || wantsClose || count >= REQUESTS_PER_CONNECTION;
  sendAnswer(response, answer, close, incoming.headers['accept-encoding']?.includes('gzip') === true);
}

/** Reads the body, unless the head alone decides. */
async function readRequest(incoming: IncomingMessage, node: string | undefined): Promise<Request> {
  const { method = 'GET', url = '/', headers } = incoming;
  const request: Request = {
    method,
    target: url,
    headers: headers as Headers,
    peer: incoming.socket.remoteAddress ?? '',
  };
  if (node !== undefined) request.node = node;
  if (headers['transfer-encoding'] !== undefined || headers['content-length'] === undefined) return request;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_UPLOAD) chunks.push(chunk);
  }
  request.body = Buffer.concat(chunks);
  return request;
}

function sendAnswer(response: ServerResponse, answer: Answer, close: boolean, gzip: boolean): void {
  const date = new Date().toUTCString();
  response.sendDate = false;
  response.statusMessage = answer.reason.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?');
  response.statusCode = answer.status;
  const headers: Record<string, string> = {
    'Cache-Control': 'max-age=0',
    Connection: close ? 'close' : 'Keep-Alive',
    Date: date,
    Pragma: 'no-cache',
    Server: 'pve-api-daemon/3.0',
    Expires: date,
    ...answer.headers,
  };
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (answer.body === '') {
    response.removeHeader('Transfer-Encoding');
    response.removeHeader('Content-Length');
    response.shouldKeepAlive = false;
    response.end();
    return;
  }
  let body = Buffer.from(answer.body);
  if (gzip && body.length > GZIP_FROM) {
    body = gzipSync(body);
    response.setHeader('Content-Encoding', 'gzip');
  }
  response.setHeader('Content-Length', body.length);
  if (close) response.shouldKeepAlive = false;
  response.end(body);
}

async function answerUpgrade(
  simulator: Simulator,
  options: ServeOptions,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const answer = await simulator.handle(await readRequest(incoming, options.node));
  if (answer.upgrade !== undefined && options.console !== undefined) {
    options.console(answer.upgrade, incoming, socket, head);
    return;
  }
  if (answer.broken !== undefined) {
    socket.destroy();
    return;
  }
  const headers = { ...answer.headers, Connection: 'close', 'Content-Length': String(Buffer.byteLength(answer.body)) };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${answer.status} ${answer.reason}\r\n${lines.join('')}\r\n${answer.body}`);
}
