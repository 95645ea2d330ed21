import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Consoles, createConsoles, type Grant } from './consoles.ts';
import { QemuFleet } from './qemu-fleet.ts';
import { findQemu } from './qemu-machine.ts';
import { Viewer } from './viewer.ts';
import { handshake } from './websocket.ts';

const program = findQemu(process.env.PATH ?? '');

/** Timers that a test sets off by hand. */
const timers = new Set<() => void>();
const clock = {
  now: () => 0,
  background: (_: number, action: () => void) => {
    timers.add(action);
    return () => void timers.delete(action);
  },
};

let server: Server;
let state: string;
let run: string;
let closed: number;
let gone: Promise<unknown>[];

function grant(kind: Grant['kind']): Grant {
  const guest = { vmid: 260, name: () => 'v260', state: () => state, uptimeSeconds: () => 60 };
  const secret = kind === 'vnc' ? 'geheim12' : 'operator@pve!ci:ticket';
  return { kind, guest, run, secret, closed: () => closed++ };
}

/** Serves consoles at `/vnc` and `/terminal`. */
async function serve(consoles: Consoles): Promise<void> {
  server = createServer().on('upgrade', (request, socket, head) => {
    const shake = handshake(request.headers);
    if (!shake.ok) throw new Error(shake.message);
    gone.push(once(socket, 'close'));
    socket.write(shake.head);
    consoles.attach(socket, head, grant(request.url === '/vnc' ? 'vnc' : 'terminal'));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
}

async function open(kind: Grant['kind']): Promise<WebSocket> {
  const { port } = server.address() as AddressInfo;
  return new WebSocket(`ws://127.0.0.1:${port}/${kind}`, 'binary');
}

async function watch(): Promise<{ viewer: Viewer; socket: WebSocket }> {
  const socket = await open('vnc');
  const viewer = new Viewer('geheim12', bytes => socket.send(bytes));
  socket.on('message', data => viewer.receive(data as Buffer));
  return { viewer, socket };
}

function lookAtAll(): void {
  for (const action of [...timers]) {
    timers.delete(action);
    action();
  }
}

beforeEach(() => {
  timers.clear();
  state = 'running';
  run = 'first';
  closed = 0;
  gone = [];
});

afterEach(async () => {
  server.close();
  await Promise.all([once(server, 'close'), ...gone]);
});

describe('the consoles of a cluster', () => {
  beforeEach(() => serve(createConsoles({ clock, random: randomBytes })));

  it('show a screen, which its viewers share', async () => {
    const one = await watch();
    await one.viewer.see(/root@v260/);
    one.viewer.type('hostname\n');
    await one.viewer.see(/\nv260\n/);
    one.socket.close();
    const other = await watch();
    await other.viewer.see(/hostname\nv260\n/);
    other.socket.close();
  });

  it('show a new screen after a new start', async () => {
    const one = await watch();
    await one.viewer.see(/root@v260/);
    one.viewer.type('hostname\n');
    await one.viewer.see(/\nv260\n/);
    run = 'second';
    const other = await watch();
    await other.viewer.see(/root@v260/);
    expect(other.viewer.text()).not.toMatch(/hostname/);
    one.socket.close();
    other.socket.close();
  });

  it('show a serial terminal to whom it was opened for', async () => {
    const socket = await open('terminal');
    let shown = '';
    socket.on('message', data => {
      shown += String(data);
    });
    await once(socket, 'open');
    socket.send('operator@pve!ci:ticket\n');
    await expect.poll(() => shown).toMatch(/^OK.*# $/s);
    socket.send('0:9:hostname\r');
    await expect.poll(() => shown).toMatch(/hostname\r\nv260\r\n/);
    socket.close();
  });

  it.each(['vnc', 'terminal'] as const)('of kind %s end when the machine stops', async kind => {
    const socket = await open(kind);
    await once(socket, 'open');
    await expect.poll(() => timers.size).toBeGreaterThan(0);
    lookAtAll();
    expect(socket.readyState).toBe(WebSocket.OPEN);
    state = 'stopped';
    lookAtAll();
    await once(socket, 'close');
    await expect.poll(() => closed).toBe(1);
    expect(timers.size).toBe(0);
  });

  it('are closed when the viewer goes', async () => {
    const { viewer, socket } = await watch();
    await viewer.see(/root@v260/);
    socket.terminate();
    await expect.poll(() => closed).toBe(1);
    expect(timers.size).toBe(0);
  });
});

describe.skipIf(!program)('consoles of real machines (skipped where qemu-system-x86_64 is not installed)', () => {
  it('show what QEMU shows', async () => {
    const fleet = new QemuFleet(program ?? '', problem => {
      throw problem;
    });
    fleet.follow([{ vmid: 260, name: 'v260', run, resets: 0, isPaused: false }]);
    await serve(createConsoles({ clock, random: randomBytes, fleet }));
    const { viewer, socket } = await watch();
    await viewer.seeLight(200);
    expect(viewer.name).toBe('QEMU (v260)');
    socket.close();
    await expect.poll(() => closed).toBe(1);
    await fleet.close();
  });
});
