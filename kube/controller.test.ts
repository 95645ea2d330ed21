import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { type Outcome, type ReconcileContext, runController } from './controller.ts';
import { KubeError } from './errors.ts';
import { Queue } from './queue.ts';
import type { RuntimeMetrics } from './telemetry.ts';
import { noMetrics } from './telemetry.ts';
import { manualClock } from './testing/manual-clock.ts';

const done: Outcome = { kind: 'done' };

/** Runs a controller under a clock of its own while `body` runs. */
async function withController(
  reconcile: (key: string, context: ReconcileContext) => Promise<Outcome>,
  body: (bench: {
    queue: Queue;
    clock: ReturnType<typeof manualClock>;
    results: string[];
    stop: () => void;
  }) => Promise<void>,
  concurrency = 1,
) {
  const clock = manualClock();
  const queue = new Queue({ clock, random: () => 0.5 });
  const results: string[] = [];
  const metrics: RuntimeMetrics = { ...noMetrics, reconciled: (name, outcome) => results.push(`${name} ${outcome}`) };
  const stopping = new AbortController();
  const log = pino({ enabled: false });
  const { signal } = stopping;
  const options = { name: 'test', queue, concurrency, reconcile, signal, clock, metrics, log };
  const running = runController({ ...options, reconcileTimeoutMs: 60_000 });
  try {
    await body({ queue, clock, results, stop: () => stopping.abort() });
  } finally {
    stopping.abort();
    await running;
  }
}

describe('a controller', () => {
  it('does nothing more for a key that is done', async () => {
    await withController(
      async () => done,
      async ({ queue, clock, results }) => {
        queue.add('a');
        await clock.advance(1_000_000);
        expect(results).toEqual(['test done']);
      },
    );
  });

  it('looks again after the time that the outcome names', async () => {
    await withController(
      async () => ({ kind: 'again', afterMs: 5000, reason: 'Cloning' }),
      async ({ queue, clock, results }) => {
        queue.add('a');
        await clock.advance(4999);
        expect(results).toHaveLength(1);
        await clock.advance(1);
        expect(results).toEqual(['test again', 'test again']);
      },
    );
  });

  it('looks again after a backoff that grows while the outcome is a retry', async () => {
    await withController(
      async () => ({ kind: 'retry', reason: 'Locked' }),
      async ({ queue, clock, results }) => {
        queue.add('a');
        // Half of 1 s, 2 s and 4 s: the random part is one half.
        await clock.advance(500 + 1000 + 2000 - 1);
        expect(results).toHaveLength(3);
        await clock.advance(1);
        expect(results).toEqual(Array(4).fill('test retry'));
      },
    );
  });

  it('leaves a stalled key alone until somebody adds it', async () => {
    await withController(
      async () => ({ kind: 'stalled', reason: 'NoTemplate', message: 'the template does not exist' }),
      async ({ queue, clock, results }) => {
        queue.add('a');
        await clock.advance(1_000_000);
        expect(results).toEqual(['test stalled']);
        queue.add('a');
        await clock.advance(0);
        expect(results).toHaveLength(2);
      },
    );
  });

  it('retries after an error with backoff, and forgets the failures after a success', async () => {
    let failing = true;
    const reconcile = async () => {
      if (failing) throw new Error('no luck');
      return done;
    };
    await withController(reconcile, async ({ queue, clock, results }) => {
      queue.add('a');
      await clock.advance(500);
      expect(results).toEqual(['test error', 'test error']);
      failing = false;
      await clock.advance(1000);
      expect(results).toEqual(['test error', 'test error', 'test done']);
      failing = true;
      queue.add('a');
      await clock.advance(500);
      expect(results).toHaveLength(5);
    });
  });

  it('waits as long as an error says that the server wants', async () => {
    const refused = new KubeError({ status: 429, reason: 'TooManyRequests', message: 'later', retryAfterMs: 30_000 });
    await withController(
      () => Promise.reject(refused),
      async ({ queue, clock, results }) => {
        queue.add('a');
        await clock.advance(29_999);
        expect(results).toHaveLength(1);
        await clock.advance(1);
        expect(results).toHaveLength(2);
      },
    );
  });

  it('runs several keys at once, and one key never twice', async () => {
    const running: string[] = [];
    let most = 0;
    const gates: (() => void)[] = [];
    const reconcile = async (key: string) => {
      expect(running).not.toContain(key);
      running.push(key);
      most = Math.max(most, running.length);
      await new Promise<void>(resolve => gates.push(resolve));
      running.splice(running.indexOf(key), 1);
      return done;
    };
    const body = async ({
      queue,
      clock,
      results,
    }: {
      queue: Queue;
      clock: ReturnType<typeof manualClock>;
      results: string[];
    }) => {
      for (const key of ['a', 'b', 'c']) queue.add(key);
      await clock.advance(0);
      for (const key of ['a', 'b', 'c']) queue.add(key);
      while (results.length < 5) {
        gates.shift()?.();
        await clock.advance(0);
      }
    };
    await withController(reconcile, body, 2);
    expect(most).toBe(2);
  });

  it('aborts a run that takes too long, and all runs at shutdown', async () => {
    const reasons: string[] = [];
    const reconcile = (_: string, { signal }: ReconcileContext) =>
      new Promise<Outcome>((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reasons.push((signal.reason as Error).name);
          reject(signal.reason as Error);
        });
      });
    await withController(reconcile, async ({ queue, clock, stop }) => {
      queue.add('a');
      await clock.advance(60_000);
      expect(reasons).toEqual(['TimeoutError']);
      await clock.advance(1000);
      stop();
      expect(reasons).toEqual(['TimeoutError', 'AbortError']);
    });
  });
});
