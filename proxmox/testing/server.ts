import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** A certificate of this folder, with its key. Each is its own authority. */
export interface Identity {
  pem: string;
  fingerprint: string;
}

/** The identity for 127.0.0.1. */
export const trusted = identity('trusted.pem');

/** An identity for another host, which nobody trusts. */
export const stranger = identity('stranger.pem');

function identity(file: string): Identity {
  const pem = readFileSync(new URL(file, import.meta.url), 'utf8');
  return { pem, fingerprint: new X509Certificate(pem).fingerprint256 };
}

/** A request as it arrived. */
export interface Received {
  method: string;
  target: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** What plays Proxmox in a test. */
export interface TestServer extends AsyncDisposable {
  origin: string;
  requests: Received[];
  /** TCP connections so far. */
  connections: number;
}

/** Answers a request, well or badly: the TCP connection below TLS is there to be misused. */
export type Respond = (request: Received, response: ServerResponse, tcp: Socket) => void;

/** An HTTPS server on a free port. */
export async function startServer(respond: Respond, { pem } = trusted): Promise<TestServer> {
  const requests: Received[] = [];
  const tcp = new Map<number | undefined, Socket>();
  const server = createServer({ key: pem, cert: pem }, async (message, response) => {
    const { method = '', url = '', headers } = message;
    const request = { method, target: url, headers, body: await text(message) };
    requests.push(request);
    respond(request, response, tcp.get(message.socket.remotePort) as Socket);
  });
  const test: TestServer = {
    origin: '',
    requests,
    connections: 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
  server.on('connection', (socket: Socket) => {
    test.connections++;
    tcp.set(socket.remotePort, socket);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  test.origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return test;
}

/** Answers `{"data": …}`. */
export function data(value: unknown): Respond {
  return (_, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify({ data: value }));
}

/** Answers a failure as Proxmox does: the first line in the status line, all of it in the body. */
export function failure(status: number, message: string, errors?: Record<string, string>): Respond {
  return raw(`${status} ${message.split('\n')[0]}`, JSON.stringify({ data: null, message: `${message}\n`, errors }));
}

/** Answers these bytes, without a length, and closes the connection. */
export function raw(statusLine: string, body = ''): Respond {
  return (_, response) => response.socket?.end(`HTTP/1.1 ${statusLine}\r\nConnection: close\r\n\r\n${body}`);
}

/** Resets the connection once the request has arrived. */
export const reset: Respond = (_request, _response, tcp) => tcp.resetAndDestroy();
