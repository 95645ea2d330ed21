import { once } from 'node:events';
import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { RealClock } from '../engine/clock.ts';
import { type Served, serve } from '../http/server.ts';
import { createSimulator, type Simulator } from '../simulator.ts';
import { exampleSeed } from '../state/example-seed.ts';
import { createConsoleServer, followCluster } from './cluster.ts';
import { QemuFleet } from './qemu-fleet.ts';
import { findQemu } from './qemu-machine.ts';
import { Viewer } from './viewer.ts';

const qemu = findQemu(process.env.PATH ?? '');

const HEADERS = { authorization: 'PVEAPIToken=root@pam!test=00000000-0000-4000-8000-000000000000' };
const VM = '/api2/json/nodes/pve1/qemu/100';

const proxy = z.object({ user: z.string(), ticket: z.string(), port: z.string(), password: z.string().optional() });

let simulator: Simulator;
let served: Served;
let agent: Agent;

beforeEach(async () => {
  const vm = { vmid: 100, node: 'pve1', running: true, config: { name: 'v100', serial0: 'socket' } };
  simulator = createSimulator({ ...exampleSeed, vms: [vm] }, { clock: new RealClock() });
  const { run } = simulator.state.vms[100] ?? {};
  // Its firmware is done.
  if (run) run.startedAt -= 60_000;
  served = await serve(simulator, { console: createConsoleServer(simulator.world) });
  agent = new Agent({ connect: { ca: served.ca } });
});

afterEach(async () => {
  await agent.close();
  await served.close();
});

async function post(path: string): Promise<z.infer<typeof proxy>> {
  const headers = { ...HEADERS, 'content-type': 'application/x-www-form-urlencoded' };
  const { body } = await request(`${served.url}${VM}/${path}`, {
    dispatcher: agent,
    method: 'POST',
    headers,
    body: '',
  });
  return z.object({ data: proxy }).parse(await body.json()).data;
}

function open({ port, ticket }: { port: string; ticket: string }): WebSocket {
  const query = new URLSearchParams({ port, vncticket: ticket });
  const url = `${served.url.replace('https', 'wss')}${VM}/vncwebsocket?${query}`;
  return new WebSocket(url, 'binary', { headers: HEADERS, ca: served.ca });
}

function consoleTasks(): (string | undefined)[] {
  const tasks = Object.values(simulator.state.tasks).filter(({ type }) => type === 'vncproxy');
  return tasks.map(({ exitstatus }) => exitstatus);
}

describe('the consoles of a simulated cluster', () => {
  it('show the screen of a VM, for as long as its task runs', async () => {
    const granted = await post('vncproxy');
    const socket = open(granted);
    const viewer = new Viewer(granted.password ?? granted.ticket.slice(0, 8), bytes => socket.send(bytes));
    socket.on('message', data => viewer.receive(data as Buffer));
    await viewer.see(/v100 {3}VM 100 {3}running/);
    viewer.type('hostname\n');
    await viewer.see(/\nv100\n/);
    expect(consoleTasks()).toEqual([undefined]);
    socket.close();
    await expect.poll(consoleTasks).toEqual(['OK']);
  });

  it('show the serial terminal of a VM', async () => {
    const granted = await post('termproxy');
    const socket = open(granted);
    await once(socket, 'open');
    let shown = '';
    socket.on('message', data => {
      shown += String(data);
    });
    socket.send(`${granted.user}:${granted.ticket}\n`);
    await expect.poll(() => shown).toMatch(/^OK/);
    socket.send('0:9:hostname\r');
    await expect.poll(() => shown).toMatch(/\r\nv100\r\n/);
    socket.close();
  });

  it('end when the VM is stopped', async () => {
    const socket = open(await post('vncproxy'));
    await once(socket, 'open');
    delete simulator.state.vms[100]?.run;
    await once(socket, 'close');
  });
});

describe.skipIf(!qemu)('the real machines of a cluster (skipped where qemu-system-x86_64 is not installed)', () => {
  it('run exactly while their VMs do', async () => {
    const problems: unknown[] = [];
    const fleet = new QemuFleet(qemu ?? '', problem => problems.push(problem));
    const stop = followCluster(simulator.world, fleet);
    const machine = await fleet.find(100);
    const socket = await machine?.connectScreen('geheim12');
    const viewer = new Viewer('geheim12', bytes => socket?.write(bytes));
    socket?.on('data', bytes => viewer.receive(bytes));
    await viewer.seeLight(200);
    expect(viewer.name).toBe('QEMU (v100)');
    const vm = simulator.state.vms[100];
    if (vm?.run) vm.run.status = 'paused';
    await expect.poll(() => machine?.isPaused()).toBe(true);
    delete vm?.run;
    await expect.poll(() => fleet.find(100)).toBeUndefined();
    stop();
    await fleet.close();
    expect(problems).toEqual([]);
  });
});
