import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Simulator } from '../simulator.ts';
import { control } from './control.ts';

/** A state of ten thousand machines has about 10 MB. */
const MAX_BODY = 256 * 2 ** 20;

/** A served control endpoint. */
export interface ServedControl {
  /** `http://127.0.0.1:8007`. */
  url: string;
  close(): Promise<void>;
}

/** Serves what {@link control} can do as plain HTTP with JSON, to this machine only unless `host` says otherwise. */
export async function serveControl(simulator: Simulator, port = 0, host = '127.0.0.1'): Promise<ServedControl> {
  const server = createServer((request, response) => void answer(simulator, request, response));
  server.listen(port, host);
  await once(server, 'listening');
  const { port: taken } = server.address() as AddressInfo;
  const close = async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return { url: `http://${host}:${taken}`, close };
}

async function answer(simulator: Simulator, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://simulator').pathname;
  const { status, body } = await readBody(request).then(
    given => control(simulator, request.method ?? 'GET', path, given),
    () => ({ status: 400, body: { error: `the body is no JSON of at most ${MAX_BODY} bytes` } }),
  );
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === undefined ? undefined : `${JSON.stringify(body)}\n`);
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Error('too long');
    chunks.push(chunk);
  }
  return size === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
}
