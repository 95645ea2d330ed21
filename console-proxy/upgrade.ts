import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { sessionKeyOf, ticketOf } from './app.ts';
import { type ConsoleParts, showConsole } from './console.ts';
import { isFrom } from './origin.ts';
import { openSession } from './redeem.ts';
import { Refusal } from './refusal.ts';

/** Proxmox takes no larger frame. */
const mostFrameBytes = 128 * 1024;

/** As many connections may be on their way in. */
const mostUpgrades = 200;

/** What the upgrade works with. */
export interface UpgradeParts extends ConsoleParts {
  origin: string;
  instance: string;
}

/**
 * Handles wishes for a WebSocket: `/session/{namespace}/{name}/ws`, from our own pages alone and with the session's
 * cookie. Others get an HTTP error. What is wrong after that is told in the WebSocket's close, since a page sees no more.
 */
export function createUpgrade(parts: UpgradeParts) {
  const { origin, log, metrics } = parts;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: mostFrameBytes,
    perMessageDeflate: false,
    skipUTF8Validation: true,
    handleProtocols: protocols => (protocols.has('binary') ? 'binary' : false),
  });
  let upgrades = 0;
  return async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const onError = () => socket.destroy();
    socket.on('error', onError);
    upgrades += 1;
    try {
      if (upgrades > mostUpgrades) throw new Refusal('Busy');
      if (!isFrom(request.headers.origin, [origin])) throw new Refusal('Origin');
      if (request.headers.host !== new URL(origin).host) throw new Refusal('Origin');
      const key = keyOf(request.url ?? '');
      const session = await openSession(parts, key, ticketOf(request, key));
      socket.off('error', onError);
      server.handleUpgrade(request, socket, head, client => parts.live.track(showConsole(parts, session, client)));
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal('Unavailable');
      metrics.refused(refusal.reason);
      log.info({ reason: refusal.reason, err: error instanceof Refusal ? undefined : error }, 'an upgrade was refused');
      socket.end(`HTTP/1.1 ${refusal.status} ${refusal.reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    } finally {
      upgrades -= 1;
    }
  };
}

function keyOf(url: string) {
  const [, namespace, name] = /^\/session\/([^/?]+)\/([^/?]+)\/ws$/.exec(url) ?? [];
  return sessionKeyOf({ namespace, name });
}
