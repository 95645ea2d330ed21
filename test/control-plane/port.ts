import { once } from 'node:events';
import { createServer } from 'node:net';

/** Listens on a port of the loopback interface that the kernel picks, so that nobody else can. */
export async function takePort(): Promise<{ port: number; release: () => Promise<void> }> {
  const server = createServer(connection => connection.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A TCP server without a port');
  const release = async () => {
    server.close();
    await once(server, 'close');
  };
  return { port: address.port, release };
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const { port, release } = await takePort();
  await release();
  return port;
}
