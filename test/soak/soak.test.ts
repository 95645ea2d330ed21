import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stage, setStage } from '#cli/demo/stage.ts';
import { sharedControlPlane } from '../control-plane/shared.ts';
import { soak } from './soak.ts';

let stage: Stage;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-soak-'));
  const controlPlane = await sharedControlPlane();
  stage = await setStage({
    dir,
    env: process.env,
    signal: new AbortController().signal,
    log: console.error,
    controlPlane,
  });
});

afterAll(async () => {
  await stage.kubectl('delete', 'vmtemplates,proxmoxclusters', '--all');
  await stage.close();
  await rm(dir, { recursive: true });
});

test('F154: operators killed at random instants leave one machine for each resource and touch nothing foreign', async () => {
  // Always the same choices; `make soak` makes others.
  const seed = 42;
  const log = (line: string) => console.log(`seed ${seed}: ${line}`);
  const report = await soak(stage, { kills: 8, machines: 10, seed, namespace: 'soaked', dir, log });
  expect(report.violations).toEqual([]);
  expect(Math.min(report.created, report.changed, report.deleted)).toBeGreaterThan(0);
});
