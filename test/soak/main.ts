/**
 * `make soak`: kills the operator at random instants while people are at work, and looks what became of it. Flags are
 * --kills, --machines and --seed; the last line is JSON, and the exit code 1 where anything went wrong.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setStage } from '#cli/demo/stage.ts';
import { soak } from './soak.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    machines: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());
const dir = await mkdtemp(join(tmpdir(), 'berth-soak-'));
const log = (line: string) => console.error(line);
const stage = await setStage({ dir, env: process.env, signal: interrupt.signal, log });
const seed = Number(values.seed);
log(`seed ${seed}; the operators' log is ${stage.operatorLog}`);
try {
  const numbers = { kills: Number(values.kills), machines: Number(values.machines), seed };
  const report = await soak(stage, { ...numbers, namespace: 'soak', dir, log });
  console.log(JSON.stringify({ ...numbers, ...report }));
  if (report.violations.length > 0) process.exitCode = 1;
  else await rm(dir, { recursive: true, force: true });
} finally {
  await stage.close();
}
