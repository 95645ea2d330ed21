import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { startProxmox } from '#cli/demo/proxmox.ts';
import { RealClock } from '#simulator/engine/clock.ts';
import { RfbSession } from '#simulator/screen/rfb.ts';
import { createScreen } from '#simulator/screen/screen.ts';
import { selfSignedCertificate } from '../../control-plane/certificate.ts';

/** The machine whose screen is looked at: one that the demo's Proxmox VE has from the beginning. */
const vmid = 100;

/** A Proxmox VE has a hundred ports for consoles on each node; 500 take some more. */
const clusterCount = 6;

/**
 * The far end of the benchmark, as a process of its own: simulated Proxmox VEs whose machines paint their screen as often
 * as it is asked for, and shows keys at once. The same screen is to be had over TLS alone, for a relay that speaks no
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
  const { certificate, key } = selfSignedCertificate(['127.0.0.1']);
  // websockify waits for ever where TLS 1.3 sends its tickets: it takes them for something to read. Records are the same.
  const screens = createServer({ cert: certificate, key, maxVersion: 'TLSv1.2' }, socket => {
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
  screens.listen(0, '127.0.0.1');
  await once(screens, 'listening');
  const { port } = screens.address() as AddressInfo;
  process.send?.({
    clusters: clusters.map(({ served: { url, ca } }) => ({ url, ca })),
    vmid,
    bare: { port, ca: certificate, password },
  });
}

await serve();
