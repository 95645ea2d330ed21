import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port of the loopback interface that is taken, and how it is given back. */
export interface TakenPort {
  port: number;
  release: () => Promise<void>;
}

/** Below those that the kernel gives to outgoing connections: one of these may come between before a server listens. */
const range = { lowest: 10_000, count: 22_000 };

/** Listens on a port of the loopback interface that the kernel picks, so that nobody else can. */
export const takePort = (): Promise<TakenPort> => listen(0);

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    try {
      const { port, release } = await listen(range.lowest + Math.floor(Math.random() * range.count));
      await release();
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}

async function listen(wanted: number): Promise<TakenPort> {
  const server = createServer(connection => connection.destroy()).listen(wanted, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A TCP server without a port');
  const release = async () => {
    server.close();
    await once(server, 'close');
  };
  return { port: address.port, release };
}
