import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Logger } from '#kube/telemetry.ts';
import type { FiguresAccess } from './access.ts';
import type { Figures } from './figures.ts';

/** What is served. */
export interface FiguresServerOptions {
  access: FiguresAccess;
  /** Undefined as long as this replica does not lead: it polls nothing then. */
  figures: () => Figures | undefined;
  log: Logger;
}

const label = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
const target = new RegExp(
  `^/v1/namespaces/(?<namespace>${label})/machines/(?<name>${label})/metrics\\?range=(?<range>now|hour|day|week)$`,
);

/** A ServiceAccount's token has about a kilobyte. */
const longestToken = 8192;

/**
 * Serves the figures of machines: `GET /v1/namespaces/NS/machines/NAME/metrics?range=now|hour|day|week` with a bearer
 * token. 401 for a token that does not count, 403 without the right to `virtualmachines/metrics`, 404 for a machine that
 * is not in Proxmox, 421 from a replica that does not lead. Resolves once it listens.
 */
export async function serveFigures(options: FiguresServerOptions, port: number, host: string): Promise<Server> {
  const server = createServer((request, response) => {
    const { method, url = '', headers } = request;
    const token = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
    answer(options, method === 'GET' ? url : '', token, response).catch(error => {
      options.log.warn({ err: error }, 'figures could not be read');
      send(response, 502);
    });
  });
  server.headersTimeout = 5_000;
  server.requestTimeout = 10_000;
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}

async function answer(
  { access, figures }: FiguresServerOptions,
  url: string,
  token: string,
  response: ServerResponse,
): Promise<void> {
  const { namespace = '', name = '', range } = target.exec(url)?.groups ?? {};
  const caller = token !== '' && token.length <= longestToken ? await access.caller(token) : undefined;
  if (!caller) {
    send(response, 401);
    return;
  }
  if (range === undefined) {
    send(response, 404);
    return;
  }
  if (!(await access.allowed(caller, namespace, name))) {
    send(response, 403);
    return;
  }
  const here = figures();
  if (!here) {
    send(response, 421);
    return;
  }
  const found = await here.read(`${namespace}/${name}`, range as 'now' | 'hour' | 'day' | 'week');
  send(response, found ? 200 : 404, found);
}

function send(response: ServerResponse, status: number, body?: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body ?? {}));
}
