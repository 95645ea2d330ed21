import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { isAlive } from './lock.ts';
import { startServer } from './server.ts';

// A stranger's server: it neither reads its standard input nor minds who started it. It logs its own process id.
const STRANGER = 'echo $$; exec sleep 600';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-server-'));
  onTestFinished(() => rm(folder, { recursive: true }));
});

const start = (script: string) =>
  startServer({ name: 'stranger', file: '/bin/sh', args: ['-c', script], folder }, true);

const loggedPid = () =>
  vi.waitFor(
    async () => {
      const text = await readFile(join(folder, 'stranger.log'), 'utf8');
      expect(text).toMatch(/^\d+\n$/);
      return Number(text);
    },
    { timeout: 60_000 },
  );

it('a guarded server is gone when it is stopped', async () => {
  const server = start(STRANGER);
  const pid = await loggedPid();
  await server.stop();
  expect(isAlive(pid)).toBe(false);
});

it('a guarded server that ends by itself quotes its log and its exit code', async () => {
  const server = start('echo out of memory; exit 7');
  expect(await server.ended).toMatch(/^stranger ended with code 7; the end of .*stranger\.log:\nout of memory$/);
  await server.stop();
});

it('of a long log only the last lines are quoted', async () => {
  const server = start('seq 100000; exit 1');
  const [, ...quoted] = (await server.ended).split('\n');
  expect(quoted).toEqual(Array.from({ length: 10 }, (_, index) => String(99_991 + index)));
});

it('a program that is not there is a sentence too', async () => {
  const server = startServer({ name: 'stranger', file: join(folder, 'missing'), args: [], folder }, false);
  expect(await server.ended).toMatch(/^stranger did not start: spawn .*missing ENOENT$/);
  await server.stop();
});
