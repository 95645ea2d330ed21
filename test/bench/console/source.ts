import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { startProxmox } from '#cli/demo/proxmox.ts';
import { RealClock } from '#simulator/engine/clock.ts';
import { RfbSession } from '#simulator/screen/rfb.ts';
import { createScreen } from '#simulator/screen/screen.ts';

/** The machine whose screen is looked at: one that the demo's Proxmox VE has from the beginning. */
const vmid = 100;

/** A Proxmox VE has a hundred ports for consoles on each node; 500 take some more. */
const clusterCount = 6;

/**
 * The far end of the benchmark, as a process of its own: simulated Proxmox VEs whose machines paint their screen as often
 * as it is asked for, and shows keys at once. The same screen is to be had over TCP alone, for a relay that speaks no
 * WebSocket to its server. Tells its addresses by IPC.
 */
async function serve(): Promise<void> {
  const clusters = await Promise.all(Array.from({ length: clusterCount }, () => startProxmox()));
  const clock = new RealClock();
  const screen = createScreen({
    clock,
    vmid,
    name: () => 'bench',
    state: () => 'running',
    uptimeSeconds: () => 60,
  });
  const password = randomBytes(4).toString('hex');
  const plain = createServer(socket => {
    socket.setNoDelay(true);
    const session = new RfbSession({
      screen,
      password,
      challenge: randomBytes(16),
      send: bytes => socket.write(bytes),
      end: () => socket.end(),
    });
    socket.on('data', bytes => session.receive(bytes));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => session.close());
  });
  plain.listen(0, '127.0.0.1');
  await once(plain, 'listening');
  const { port } = plain.address() as AddressInfo;
  process.send?.({ clusters: clusters.map(({ served: { url, ca } }) => ({ url, ca })), vmid, tcpPort: port, password });
}

await serve();
