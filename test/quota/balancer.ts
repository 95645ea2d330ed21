import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/** One address in front of several servers, as a Service is: connections go to them in turn, and on where one is down. */
export async function balance(ports: readonly number[]): Promise<{ port: number; close: () => void }> {
  let turn = 0;
  const server = createServer(client => {
    client.on('error', () => client.destroy());
    const tryNext = (left: number) => {
      if (left === 0) return client.destroy();
      turn += 1;
      const upstream = connect(ports[turn % ports.length] ?? 0, '127.0.0.1');
      let isOpen = false;
      upstream.once('connect', () => {
        isOpen = true;
        client.pipe(upstream).pipe(client);
      });
      upstream.on('error', () => (isOpen ? client.destroy() : tryNext(left - 1)));
      upstream.on('close', () => isOpen && client.destroy());
      client.on('close', () => upstream.destroy());
    };
    tryNext(ports.length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}
