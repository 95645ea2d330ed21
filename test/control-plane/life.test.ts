import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { run } from './command.ts';
import { startControlPlane } from './control-plane.ts';
import { startLocal } from './local.ts';
import { isAlive } from './lock.ts';
import { freePort, takePort } from './port.ts';
import { buildControlPlane } from './programs.ts';

/** For what happens at once where the processor has nothing else to do. */
const timeout = 60_000;

let dir: string;
let lines: string[];

const log = (line: string) => lines.push(line);
const start = (apiServerArgs: string[] = [], env = process.env) => startControlPlane({ dir, env, log, apiServerArgs });

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-life-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  lines = [];
});

describe('the processes of a control plane', () => {
  it('are gone once it is stopped', async () => {
    const starter = await startElsewhere();
    starter.process.kill('SIGINT');
    await once(starter.process, 'exit');
    expect(starter.servers.filter(isAlive)).toEqual([]);
  });

  it('are gone soon after whoever started it was killed', async () => {
    const starter = await startElsewhere();
    starter.process.kill('SIGKILL');
    await vi.waitFor(() => expect(starter.servers.filter(isAlive)).toEqual([]), { timeout });
  });

  it('are gone soon after that too where they are not of our own build', async () => {
    const programs = await buildControlPlane({ env: process.env, log, signal: AbortSignal.timeout(900_000) });
    const starter = await startElsewhere({ KUBEBUILDER_ASSETS: programs });
    starter.process.kill('SIGKILL');
    await vi.waitFor(() => expect(starter.servers.filter(isAlive)).toEqual([]), { timeout });
  });

  it('are gone when the start is given up', async () => {
    const interrupt = new AbortController();
    const starting = startControlPlane({ dir, env: process.env, log, signal: interrupt.signal });
    await vi.waitFor(async () => expect(await serversOf(process.pid)).not.toEqual([]), { timeout });
    interrupt.abort();
    await expect(starting).rejects.toThrow('aborted');
    expect(await serversOf(process.pid)).toEqual([]);
  });
});

describe('a second start in the same folder', () => {
  it('builds nothing and finds the data of the first', async () => {
    const createNamespace = async (kubeconfig: string) => {
      const config = new KubeConfig();
      config.loadFromFile(kubeconfig);
      return config.makeApiClient(CoreV1Api).createNamespace({ body: { metadata: { name: 'kept' } } });
    };
    const first = await start();
    await createNamespace(first.kubeconfig);
    await first.stop();
    lines = [];
    const second = await start();
    onTestFinished(second.stop);
    expect(lines).toEqual([]);
    await expect(createNamespace(second.kubeconfig)).rejects.toMatchObject({ code: 409 });
  });
});

it('an API server whose port was taken meanwhile starts on another one', async () => {
  const taken = await takePort();
  onTestFinished(taken.release);
  const ports = [taken.port, taken.port, await freePort()];
  const pickPort = async () => ports.shift() ?? 0;
  const context = { env: process.env, log, signal: AbortSignal.timeout(900_000) };
  const programs = await buildControlPlane(context);
  const { stop } = await startLocal({ ...context, programs, guarded: false, dir, apiServerArgs: [], pickPort });
  onTestFinished(stop);
  expect(ports).toEqual([]);
});

describe('a control plane that cannot start', () => {
  it('quotes the log of the server that ended, and leaves no process', async () => {
    await expect(start(['--no-such-flag'])).rejects.toThrow(
      /^kube-apiserver ended with code 1; the end of .*kube-apiserver\.log:\n.*unknown flag: --no-such-flag/s,
    );
    expect(await serversOf(process.pid)).toEqual([]);
  });

  it('says in a sentence that kind needs Docker', async () => {
    await expect(start([], { CLUSTER: 'kind', PATH: dir })).rejects.toThrow(
      /^CLUSTER=kind needs a Docker engine, and none answers `docker info` here\. Install Go/,
    );
  });
});

/** Starts a control plane from a process of its own, and resolves when it is ready. */
async function startElsewhere(env: NodeJS.ProcessEnv = {}): Promise<{ process: ChildProcess; servers: number[] }> {
  const script = join(import.meta.dirname, 'start.ts');
  const starter = spawn('node', [script, dir], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    starter.kill('SIGKILL');
  });
  const [ready] = await once(createInterface({ input: starter.stdout }), 'line');
  expect(ready).toBe(`export KUBECONFIG=${dir}/kubeconfig`);
  const servers = await serversOf(starter.pid ?? 0);
  expect(servers.length).toBeGreaterThanOrEqual(3);
  return { process: starter, servers };
}

/** Process ids of the servers that descend from a process. */
async function serversOf(ancestor: number): Promise<number[]> {
  const args = ['-A', '-o', 'pid=,ppid=,args='];
  const listing = await run({ file: 'ps', args, env: process.env, signal: AbortSignal.timeout(60_000) });
  const processes = listing.split('\n').map(line => {
    const [, pid, parent, command = ''] = /^ *(\d+) +(\d+) (.*)$/.exec(line) ?? [];
    return { pid: Number(pid), parent: Number(parent), command };
  });
  const descendsFrom = (pid: number): boolean => {
    const parent = processes.find(process => process.pid === pid)?.parent;
    return parent !== undefined && (parent === ancestor || descendsFrom(parent));
  };
  return processes.filter(({ pid, command }) => /etcd|kube-/.test(command) && descendsFrom(pid)).map(({ pid }) => pid);
}
