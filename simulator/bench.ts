/**
 * `npm run bench:simulator`: how the simulator carries ten thousand VMs. It runs in a process of its own and is called
 * over HTTPS; the last line is JSON.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, type Dispatcher, request } from 'undici';
import { z } from 'zod';
import { RealClock } from './engine/clock.ts';
import { serve } from './http/server.ts';
import { createSimulator } from './simulator.ts';
import { exampleSeed } from './state/example-seed.ts';

const VMS = 10_000;
const FIRST_VMID = 10_000;
const NODES = ['pve1', 'pve2', 'pve3'];
const INVENTORIES = 40;
const LOAD_SECONDS = 5;
const CONCURRENCY = 16;
const AUTHORIZATION = 'PVEAPIToken=root@pam!test=00000000-0000-4000-8000-000000000000';

const started = z.object({ url: z.string(), ca: z.string() });
const ended = z.object({ rssMiB: z.number() });

if (process.argv[2] === 'serve') await serveMany();
else console.log(JSON.stringify(await measure()));

/** The simulator's process: it tells where it listens, and its memory when it is asked to end. */
async function serveMany(): Promise<void> {
  const vms = Array.from({ length: VMS }, (_, index) => ({
    vmid: FIRST_VMID + index,
    node: nodeOf(FIRST_VMID + index),
    running: index % 2 === 0,
    config: {
      name: `vm-${index}`,
      cores: 2,
      memory: 2048,
      scsi0: 'ceph:8',
      net0: 'virtio,bridge=vmbr0',
      tags: 'berth',
    },
  }));
  const simulator = createSimulator({ ...exampleSeed, vms }, { clock: new RealClock() });
  const { url, ca, close } = await serve(simulator);
  process.send?.({ url, ca });
  await once(process, 'message');
  process.send?.({ rssMiB: Math.round(process.memoryUsage.rss() / 2 ** 20) });
  await close();
  process.disconnect();
}

async function measure() {
  const child = fork(import.meta.filename, ['serve']);
  const [hello] = await once(child, 'message');
  const { url, ca } = started.parse(hello);
  const dispatcher = new Agent({ connect: { ca }, connections: CONCURRENCY });
  const get = (path: string) => fetchPath(`${url}/api2/json${path}`, dispatcher);
  const resourcesP50Ms = await medianOf(INVENTORIES, () => get('/cluster/resources?type=vm'));
  const requestsPerSecond = await countPerSecond(get);
  child.send('end');
  const [goodbye] = await once(child, 'message');
  const { rssMiB } = ended.parse(goodbye);
  await dispatcher.close();
  return { vms: VMS, resourcesP50Ms, requestsPerSecond, rssMiB };
}

async function fetchPath(url: string, dispatcher: Dispatcher): Promise<void> {
  const { statusCode, body } = await request(url, { dispatcher, headers: { authorization: AUTHORIZATION } });
  await body.dump({ limit: 64 * 2 ** 20 });
  if (statusCode !== 200) throw new Error(`${url}: ${statusCode}`);
}

/** One after another; the first, which fills caches, is not counted. */
async function medianOf(times: number, act: () => Promise<void>): Promise<number> {
  await act();
  const durations: number[] = [];
  for (let count = 0; count < times; count++) {
    const start = performance.now();
    await act();
    durations.push(performance.now() - start);
  }
  durations.sort((a, b) => a - b);
  return Math.round((durations[Math.floor(times / 2)] ?? Number.NaN) * 10) / 10;
}

/** What a controller reads of single VMs, by several callers at once. */
async function countPerSecond(get: (path: string) => Promise<void>): Promise<number> {
  const end = performance.now() + LOAD_SECONDS * 1000;
  let done = 0;
  const call = async () => {
    while (performance.now() < end) {
      const vmid = FIRST_VMID + ((done * 7919) % VMS);
      await get(`/nodes/${nodeOf(vmid)}/qemu/${vmid}/${done % 2 === 0 ? 'config' : 'status/current'}`);
      done++;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, call));
  return Math.round(done / LOAD_SECONDS);
}

function nodeOf(vmid: number): string {
  return NODES[vmid % NODES.length] ?? '';
}
