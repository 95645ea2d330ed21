import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const berth = fileURLToPath(new URL('../../cli/berth.ts', import.meta.url));

/** Longer than its own deadlines; it takes half a minute on two idle cores. */
const timeout = 900_000;

test('F35, F135: every example becomes a machine as declared, at the promised cost, and none is left', {
  timeout,
}, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'berth-demo-'));
  const { stdout } = await run(process.execPath, [berth, 'demo', '--check', '--dir', dir]);
  await rm(dir, { recursive: true });
  const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  expect(report).toMatchObject({ leaked: 0, bootsPerVm: 1 });
  expect(report.vms).toBeGreaterThanOrEqual(6);
  expect(report.ready).toBe(report.vms);
  expect(report.proxmoxWritesPerVm).toBeLessThanOrEqual(4);
  expect(report.ownReadsPerVm).toBeLessThanOrEqual(4);
});
