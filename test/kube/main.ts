/** `npm run docs:watch-cases`: runs every case against a real API server and writes docs/operations/watch-cases.md. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reflectorCases } from '#kube/testing/reflector-cases.ts';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { uncached } from './real-bench.ts';
import { runRealCase, type WatchOutcome, writePage } from './watch-cases.ts';

const dir = await mkdtemp(join(tmpdir(), 'berth-watch-'));
const controlPlane = await startControlPlane({ dir, env: process.env, log: console.error, apiServerArgs: uncached });
try {
  const outcomes: WatchOutcome[] = [];
  for (const case_ of reflectorCases) {
    console.error(`${case_.id}: ${case_.title}`);
    outcomes.push(await runRealCase(controlPlane, case_));
  }
  await writePage(outcomes);
} finally {
  await controlPlane.stop();
  await rm(dir, { recursive: true, force: true });
}
