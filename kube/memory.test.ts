import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { type ApiServer, startApiServer } from './testing/api-server.ts';

const objects = 5000;
const probe = fileURLToPath(new URL('testing/memory-probe.ts', import.meta.url));

/** V8 trades memory for speed by default; a controller that waits for a network all day wants the opposite. */
const nodeFlags = ['--optimize-for-size'];

it('case memory: a process that reflects 5,000 objects of 4 KB takes less than 150 MB', async () => {
  const server = await startApiServer();
  fill(server);
  // Without a cache Node keeps its TypeScript stripper in memory: 20 MB, now and then. The first run fills the cache.
  const cache = await mkdtemp(join(tmpdir(), 'kube-memory-'));
  await measure(server, cache);
  // When garbage is collected is chance, which only adds.
  const measured = [];
  for (let times = 0; times < 3; times += 1) measured.push(await measure(server, cache));
  await server.close();
  await rm(cache, { recursive: true });
  expect(measured.map(({ objects: seen }) => seen)).toEqual([objects, objects, objects]);
  expect(Math.min(...measured.map(({ rssMB }) => rssMB))).toBeLessThan(150);
});

function fill({ table }: ApiServer): void {
  for (let index = 0; index < objects; index += 1) {
    const fields = Array.from({ length: 16 }, (_, field) => [`field-${field}`, `${index}`.padEnd(225, '.')]);
    const metadata = { namespace: 'ns', name: `object-${index}` };
    const object = table.put('/v1/configmaps', { metadata, data: Object.fromEntries(fields) });
    if (index === 0) expect(JSON.stringify(object).length).toBeGreaterThanOrEqual(4000);
  }
}

async function measure({ url }: ApiServer, cache: string): Promise<{ objects: number; rssMB: number }> {
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  const { stdout } = await promisify(execFile)(process.execPath, [...nodeFlags, probe, url], { env });
  return JSON.parse(stdout) as { objects: number; rssMB: number };
}
