import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reflectorCases } from '#kube/testing/reflector-cases.ts';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.ts';
import { uncached } from './real-bench.ts';
import { pageOf, readPage, runRealCase, withoutTimes } from './watch-cases.ts';

let dir: string;
let controlPlane: ControlPlane;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-watch-'));
  controlPlane = await startControlPlane({ dir, env: process.env, log: console.error, apiServerArgs: uncached });
});

afterAll(async () => {
  await controlPlane?.stop();
  await rm(dir, { recursive: true });
});

describe('with a real API server, a reflector', () => {
  test.for(reflectorCases)('case $id: $title — $must', async case_ => {
    const { trueAgainMs } = await runRealCase(controlPlane, case_);
    expect(trueAgainMs).toBeGreaterThanOrEqual(0);
  });
});

test('docs/operations/watch-cases.md tells of every case', async () => {
  const outcomes = reflectorCases.map(case_ => ({ case_, trueAgainMs: 0 }));
  expect(withoutTimes(await readPage())).toBe(withoutTimes(pageOf(outcomes)));
});
