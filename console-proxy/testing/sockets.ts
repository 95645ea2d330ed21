import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { ConsoleSocket } from '#proxmox/websocket/console-socket.ts';
import { openConsoleSocket } from '#proxmox/websocket/upgrade.ts';

/** Both ends of a WebSocket on this machine. */
export interface SocketPair<Asked = WebSocket> {
  /** The end that accepted. */
  accepted: WebSocket;
  /** The end that asked. */
  asked: Asked;
  close: () => Promise<void>;
}

/** Makes a WebSocket and gives both of its ends, paused. */
export const socketPair = (): Promise<SocketPair> =>
  pair(async port => {
    const asked = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
    await once(asked, 'open');
    asked.on('error', () => {});
    asked.pause();
    return asked;
  });

/** The same, where the end that asked is as that of a connection to Proxmox. */
export const consolePair = (): Promise<SocketPair<ConsoleSocket>> =>
  pair(port =>
    openConsoleSocket(async onread => connect({ port, host: '127.0.0.1', onread }), {
      target: '/',
      headers: { host: 'proxmox.test' },
      signal: AbortSignal.timeout(60_000),
    }),
  );

async function pair<Asked extends { terminate: () => void }>(
  ask: (port: number) => Promise<Asked>,
): Promise<SocketPair<Asked>> {
  const http: Server = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const connected = once(server, 'connection');
  const asked = await ask(port);
  const [accepted] = (await connected) as [WebSocket];
  accepted.on('error', () => {});
  accepted.pause();
  return {
    accepted,
    asked,
    async close() {
      accepted.terminate();
      asked.terminate();
      server.close();
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
}
