import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { World } from '../engine/world.ts';
import type { ConsoleUpgrade } from '../http/message.ts';
import { createConsoles } from './consoles.ts';
import type { Guest } from './guest.ts';
import type { QemuFleet } from './qemu-fleet.ts';
import { handshake } from './websocket.ts';

/** How often the real machines are brought into line with the cluster. */
const FOLLOW_MS = 500;

/** Takes over the connection of a console that the API has granted. */
export type ConsoleServer = (upgrade: ConsoleUpgrade, request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * Serves the consoles of a cluster's machines, for `serve`'s option `console`.
 * @param fleet Gives the machines that it has real screens; see {@link followCluster}.
 */
export function createConsoleServer(world: World, fleet?: QemuFleet): ConsoleServer {
  const consoles = createConsoles({ clock: world.clock, random: randomBytes, ...(fleet && { fleet }) });
  return ({ kind, vmid, secret, closed }, request, socket, head) => {
    const shake = handshake(request.headers);
    if (!shake.ok) {
      socket.end(`HTTP/1.1 500 ${shake.message.trim()}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      closed();
      return;
    }
    socket.write(shake.head);
    const guest = guestOf(world, vmid);
    // A terminal's secret is a line, and comes with its end.
    consoles.attach(socket, head, { kind, guest, run: runOf(world, vmid), secret: secret.trimEnd(), closed });
  };
}

/** Keeps real machines in line with what runs in the cluster, until the answer is called. */
export function followCluster(world: World, fleet: QemuFleet): () => void {
  let cancel = follow();
  return () => cancel();

  function follow(): () => void {
    const running = Object.values(world.state.vms).filter(({ run }) => run !== undefined);
    fleet.follow(
      running.map(({ vmid, run }) => ({
        vmid,
        name: guestOf(world, vmid).name(),
        run: runOf(world, vmid),
        resets: run?.resets ?? 0,
        isPaused: run?.status === 'paused',
      })),
    );
    return world.clock.background(world.clock.now() + FOLLOW_MS, () => {
      cancel = follow();
    });
  }
}

function guestOf(world: World, vmid: number): Guest {
  const vm = () => world.state.vms[vmid];
  return {
    vmid,
    name: () => vm()?.config.current.name ?? `VM ${vmid}`,
    state: () => vm()?.run?.status ?? 'stopped',
    uptimeSeconds: () => Math.floor((world.clock.now() - (vm()?.run?.startedAt ?? world.clock.now())) / 1000),
  };
}

/** The start that a machine runs since. */
function runOf(world: World, vmid: number): string {
  const run = world.state.vms[vmid]?.run;
  return run ? `${run.pid} ${run.startedAt}` : '';
}
