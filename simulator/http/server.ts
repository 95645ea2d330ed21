import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Simulator } from '../simulator.ts';
import { createIdentity, type ServerIdentity } from './certificate.ts';
import type { ConsoleUpgrade } from './message.ts';
import { isHeadTooLong, MAX_HEADER_BYTES, readRequest } from './receive.ts';
import { redirectAnswer } from './redirect.ts';
import { sendAnswer } from './send.ts';
import { Workers } from './workers.ts';

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
  /** After how many milliseconds an idle connection is closed; as the real one does it unless given. */
  idleMs?: number;
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

/** A connection on which nothing moves is closed after this long [PVE::APIServer::AnyEvent]. */
const IDLE_MS = 5000;

/** A connection is closed after so many requests. */
const REQUESTS_PER_CONNECTION = 100;

const TLS_HANDSHAKE = 0x16;

/** Serves the simulator's API over HTTPS, with the manners of pveproxy. */
export async function serve(simulator: Simulator, options: ServeOptions = {}): Promise<Served> {
  const host = options.host ?? '127.0.0.1';
  const identity = options.identity ?? createIdentity([...new Set(['127.0.0.1', 'localhost', host])], Date.now());
  const sockets = new Set<Socket>();
  const { key, cert } = identity;
  const { idleMs = IDLE_MS } = options;
  const secure = createHttpsServer({
    key,
    cert,
    maxHeaderSize: 2 * MAX_HEADER_BYTES,
    handshakeTimeout: idleMs,
    keepAliveTimeout: idleMs,
    keepAliveTimeoutBuffer: 0,
    requireHostHeader: false,
  });
  secure.timeout = idleMs;
  const workers = new Workers();
  secure.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (isHeadTooLong(request)) return;
    if (request.httpVersionMajor !== 1) refuseHead(new Error('HTTP/0.9'), request.socket);
    else void answerRequest(simulator, options.node, request, response, workers);
  });
  secure.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    void answerUpgrade(simulator, options, request, socket, head);
  });
  secure.on('clientError', refuseHead);
  const plain = createHttpServer((request, response) => redirect(request, response));
  plain.timeout = idleMs;
  const listener = createTcpServer(socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setTimeout(idleMs, () => socket.destroy());
    sniff(socket, isTls => {
      socket.setTimeout(0);
      (isTls ? secure : plain).emit('connection', socket);
    });
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
  const { method = 'GET', url = '/', headers: sent } = request;
  if (sent.host === undefined) return;
  const { status, reason, headers, body } = redirectAnswer(method, sent.host, url);
  response.writeHead(status, reason, { ...headers, Connection: 'close' });
  response.end(body);
}

/** What is no HTTP/1. A head that is longer still than the parser takes is left alone like the others. */
function refuseHead(error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Duplex): void {
  if (error.code === 'HPE_HEADER_OVERFLOW') return;
  const [version, major] =
    /^\S+ \S+ HTTP\/((\d+)\.\d+)/.exec(error.rawPacket?.toString('latin1') ?? '')?.slice(1) ?? [];
  const isOther = major !== undefined && major !== '1';
  const reason = isOther ? `506 http protocol version ${version} not supported` : '400 bad request';
  if (socket.writable) socket.end(`HTTP/1.0 ${reason}\r\nConnection: close\r\n\r\n`);
}

async function answerRequest(
  simulator: Simulator,
  node: string | undefined,
  incoming: IncomingMessage,
  response: ServerResponse,
  workers: Workers,
): Promise<void> {
  const requests = workers.count(incoming.socket);
  const request = await readRequest(incoming, node);
  if (request === undefined) return;
  incoming.socket.setTimeout(0);
  const answer = await simulator.handle(request);
  if (response.destroyed) return;
  if (answer.broken !== undefined) {
    incoming.socket.destroy();
    return;
  }
  const wantsClose = incoming.headers.connection?.toLowerCase().includes('close') ?? incoming.httpVersion === '1.0';
  const isOld = requests >= REQUESTS_PER_CONNECTION || workers.isRetiring(incoming.socket);
  const close = answer.close || wantsClose || isOld;
  sendAnswer(response, answer, close, incoming.headers['accept-encoding']?.includes('gzip') === true);
}

async function answerUpgrade(
  simulator: Simulator,
  options: ServeOptions,
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  incoming.socket.setTimeout(0);
  const request = await readRequest(incoming, options.node);
  if (request === undefined) return;
  const answer = await simulator.handle(request);
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
