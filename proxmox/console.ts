import type { Socket } from 'node:net';
import { z } from 'zod';
import { createAsk } from './ask.ts';
import { ProxmoxError } from './errors.ts';
import { escaped } from './form.ts';
import { numeric, text } from './lenient.ts';
import { createTransport, type TransportOptions } from './transport.ts';
import { createConnector } from './trust.ts';
import type { ConsoleSocket, Incoming } from './websocket/console-socket.ts';
import { NotUpgraded, openConsoleSocket } from './websocket/upgrade.ts';

/** A console of a VM: its screen (RFB), or its serial port. */
export type ConsoleKind = 'screen' | 'terminal';

/** A connection to a console, as Proxmox VE has let us in. Secrets of it stay in memory. */
export interface ConsoleConnection {
  /** Open, and paused: nothing is lost before somebody listens. */
  socket: ConsoleSocket;
  /** What the listener behind it asks for: RFB's password, or the line that a terminal begins with. */
  secret: string;
}

/** Where a VM is, and what is wanted of it. */
export interface ConsoleRequest {
  node: string;
  vmid: number;
  kind: ConsoleKind;
}

/** pveproxy waits about 5.5 s for a listener that does not come, and a node that is asked through another takes longer. */
const openMs = 15_000;

const ticketAnswer = z.object({ user: text, ticket: text, port: numeric, password: text.nullish() });

/**
 * Opens a console. The WebSocket goes to the endpoint that made the ticket: only there somebody listens. The token is
 * that of both, since a ticket is good for its own token alone. @throws ProxmoxError
 */
export async function openConsole(
  { endpoints, token, tls }: Pick<TransportOptions, 'endpoints' | 'token' | 'tls'>,
  request: ConsoleRequest,
): Promise<ConsoleConnection> {
  let refusal: unknown;
  for (const endpoint of endpoints) {
    try {
      return await openAt(endpoint, token(), tls, request);
    } catch (error) {
      // Where nothing was sent the next one may help; everything else would be the same there.
      if (!(error instanceof ProxmoxError) || error.status !== 0 || error.outcomeUnknown) throw error;
      refusal = error;
    }
  }
  throw refusal ?? new TypeError('no endpoint');
}

async function openAt(
  endpoint: string,
  token: string,
  tls: TransportOptions['tls'],
  { node, vmid, kind }: ConsoleRequest,
): Promise<ConsoleConnection> {
  await using transport = createTransport({ endpoints: [endpoint], token: () => token, tls, connections: 1 });
  const ask = createAsk({ request: call => transport.request({ ...call, timeoutMs: openMs }) });
  const params = kind === 'screen' ? { websocket: true } : {};
  const answer = await ask(kind, { node, vmid }, params, ticketAnswer);
  const query = `port=${answer.port}&vncticket=${escaped(answer.ticket)}`;
  const path = `/nodes/${escaped(node)}/qemu/${vmid}/vncwebsocket`;
  const socket = await connect(endpoint, `/api2/json${path}?${query}`, token, tls, path);
  // Since 8.4.7 the password stands in front of the ticket, and is given beside it, too; before that it is its beginning.
  const password = (answer.password ?? answer.ticket).slice(0, 8);
  return { socket, secret: kind === 'screen' ? password : `${answer.user}:${answer.ticket}\n` };
}

/** The upgrade carries the token, so that whom it goes to is verified before. The path in errors is without the ticket. */
async function connect(
  endpoint: string,
  target: string,
  token: string,
  tls: TransportOptions['tls'],
  path: string,
): Promise<ConsoleSocket> {
  const { host, pathname } = new URL(endpoint);
  try {
    return await openConsoleSocket(onread => verifiedSocket(endpoint, tls, onread), {
      target: `${pathname.replace(/\/$/, '')}${target}`,
      headers: { host, authorization: `PVEAPIToken=${token}` },
      signal: AbortSignal.timeout(openMs),
    });
  } catch (error) {
    const status = error instanceof NotUpgraded ? error.status : 0;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProxmoxError({ kind: 'failed', method: 'GET', path, status, reason, outcomeUnknown: true });
  }
}

function verifiedSocket(endpoint: string, tls: TransportOptions['tls'], onread: Incoming['onread']): Promise<Socket> {
  const { hostname, port, host } = new URL(endpoint);
  const connector = createConnector(tls, openMs, onread);
  const options = {
    hostname,
    host,
    protocol: 'https:',
    port: port || '443',
    servername: isAddress(hostname) ? '' : hostname,
  };
  return new Promise((resolve, reject) => {
    connector(options, (...[error, socket]) => (error ? reject(error) : resolve(socket)));
  });
}

const isAddress = (hostname: string): boolean => /^[\d.]+$|^\[/.test(hostname);
