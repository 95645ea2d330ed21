import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

/** Both ends of a WebSocket on this machine. */
export interface SocketPair {
  /** The end that accepted. */
  accepted: WebSocket;
  /** The end that asked. */
  asked: WebSocket;
  close: () => Promise<void>;
}

/** Makes a WebSocket and gives both of its ends, paused. */
export async function socketPair(): Promise<SocketPair> {
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const asked = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  const [[accepted]] = (await Promise.all([once(server, 'connection'), once(asked, 'open')])) as [[WebSocket], unknown];
  for (const socket of [accepted, asked]) {
    socket.on('error', () => {});
    socket.pause();
  }
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
