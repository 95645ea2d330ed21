import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BerthProcess } from '#cli/demo/berth-process.ts';
import { samplesOf, sumOf } from './prometheus.ts';

/** Memory of a process in MiB: resident now, and at its highest. */
export async function memoryOf(pid: number): Promise<{ rssMiB: number; peakMiB: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kiB = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  return { rssMiB: Math.round(kiB('VmRSS') / 1024), peakMiB: Math.round(kiB('VmHWM') / 1024) };
}

/** How many reconciles of machines there were, and how many machines wait for one or are in one. */
async function readWork({ metricsUrl }: BerthProcess): Promise<{ done: number; busy: number }> {
  const text = await (await fetch(metricsUrl)).text();
  const ofMachines = samplesOf(text, ['berth_reconcile_seconds_count', 'berth_queue_keys']).filter(
    ({ labels }) => labels.controller === 'machines' && labels.state !== 'delayed',
  );
  const done = ofMachines.filter(({ name }) => name === 'berth_reconcile_seconds_count');
  return { done: sumOf(done), busy: sumOf(ofMachines) - sumOf(done) };
}

/** How long nothing may happen until that counts as rest: longer than any pause of a machine that is not settled. */
const restMs = 3_000;

/** Passes of machines that are compared in full from time to time, and do not count as unrest: this share a second. */
const sweepShare = 1 / 200;

/** Waits until the operator has looked at all `machines` and rests. Answers when it came to rest, as performance.now(). */
export async function waitUntilSettled(operator: BerthProcess, machines: number, timeoutMs: number): Promise<number> {
  const deadline = performance.now() + timeoutMs;
  const tolerated = Math.max(2, machines * sweepShare) * (restMs / 1000);
  let rest = { since: performance.now(), done: 0 };
  while (performance.now() < deadline) {
    const { done, busy } = await readWork(operator);
    const now = performance.now();
    const resting = busy <= tolerated && done - rest.done <= tolerated && done >= machines;
    if (!resting) rest = { since: now, done };
    else if (now - rest.since >= restMs) return rest.since;
    await sleep(100);
  }
  throw new Error(`the operator did not come to rest within ${timeoutMs / 1000} s`);
}
