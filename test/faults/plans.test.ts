import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { turns } from '#kube/turns.ts';
import { mistakes } from './mistakes.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('run.ts', import.meta.url));

interface Result {
  plans: number;
  crashes: number;
  violations: { plan: string; violation: string }[];
}

async function runPlans(...args: string[]): Promise<Result> {
  const { stdout } = await run(process.execPath, [script, ...args], { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Result;
}

/** Every single fault, some 7,800 plans, and pairs beside them. */
const count = 20_000;

/** A process for each core: a plan needs nothing else. */
const shares = availableParallelism();

test(`F14, F154: ${count.toLocaleString('en')} fault plans and no violation`, { timeout: 7_200_000 }, async () => {
  const results = await Promise.all(
    Array.from({ length: shares }, (_, share) => runPlans('--plans', String(count), '--share', `${share}/${shares}`)),
  );
  const total = (key: 'plans' | 'crashes') => results.reduce((sum, result) => sum + result[key], 0);
  console.log(`${total('plans')} fault plans were run, with ${total('crashes')} crashes of the operator`);
  expect(results.flatMap(({ violations }) => violations)).toEqual([]);
  expect(total('plans')).toBeGreaterThanOrEqual(count);
});

describe('each known mistake, put back in, is found by a plan', () => {
  const inTurn = turns(shares);

  test.concurrent.each(mistakes.map(({ name }) => name))('%s', { timeout: 1_800_000 }, async name => {
    const { violations } = await inTurn(() => runPlans('--plans', '1', '--mistake', name));
    expect(violations).toHaveLength(1);
  });
});
