import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from './clock.ts';
import { startDeadline } from './deadline.ts';
import type { Queue } from './queue.ts';
import { type Logger, noMetrics, type RuntimeMetrics, silentLogger } from './telemetry.ts';

/** How a reconcile ended. A thrown error is none of these: it is retried with backoff. */
export type Outcome =
  /** Nothing is left to do until something changes. */
  | { kind: 'done' }
  /** Something is under way: look again in `afterMs` milliseconds. */
  | { kind: 'again'; afterMs: number; reason: string }
  /** Something that was expected to fail did: look again after the key's backoff. */
  | { kind: 'retry'; reason: string }
  /** Only a change by somebody else helps; trying again would not. */
  | { kind: 'stalled'; reason: string; message: string };

/** What a reconcile gets beside its key. */
export interface ReconcileContext {
  /** On every log line of this run. */
  reconcileId: string;
  /** Aborts at shutdown, and when the run has taken too long. Every read and write takes it. */
  signal: AbortSignal;
  log: Logger;
}

/** A controller: who looks at the keys of a queue, and how many at a time. */
export interface ControllerOptions {
  name: string;
  queue: Queue;
  /** Keys that run at the same time. */
  concurrency: number;
  reconcile: (key: string, context: ReconcileContext) => Promise<Outcome>;
  /** Stops the controller. */
  signal: AbortSignal;
  /** After this many milliseconds a run's signal aborts; no run waits for anything, so a minute is long. */
  reconcileTimeoutMs?: number;
  log?: Logger;
  metrics?: RuntimeMetrics;
  clock?: Clock;
}

const defaultReconcileTimeoutMs = 60_000;

/** Runs until the signal aborts, then closes the queue and resolves once the last run has ended. */
export async function runController(options: ControllerOptions): Promise<void> {
  const stop = () => options.queue.close();
  if (options.signal.aborted) stop();
  else options.signal.addEventListener('abort', stop);
  try {
    await Promise.all(Array.from({ length: options.concurrency }, () => work(options)));
  } finally {
    options.signal.removeEventListener('abort', stop);
  }
}

async function work(options: ControllerOptions): Promise<void> {
  for (let key = await options.queue.take(); key !== undefined; key = await options.queue.take()) {
    await run(key, options);
    options.queue.done(key);
  }
}

/** One run of one key. Never rejects. */
async function run(key: string, options: ControllerOptions): Promise<void> {
  const { name, queue, reconcile, metrics = noMetrics, clock = systemClock } = options;
  const reconcileId = randomUUID();
  const log = (options.log ?? silentLogger).child({ controller: name, key, reconcileId });
  const startedAt = clock.now();
  using deadline = startDeadline(options.reconcileTimeoutMs ?? defaultReconcileTimeoutMs, options.signal, clock);
  const seconds = () => (clock.now() - startedAt) / 1000;
  try {
    const outcome = await reconcile(key, { reconcileId, signal: deadline.signal, log });
    if (outcome.kind !== 'retry') queue.forget(key);
    settle(outcome, key, queue, log);
    metrics.reconciled(name, outcome.kind, seconds());
  } catch (error) {
    const delayMs = queue.retry(key, retryAfterOf(error));
    metrics.reconciled(name, 'error', seconds());
    if (options.signal.aborted) log.debug({ err: error }, 'stopped');
    else log.warn({ err: error, delayMs: Math.round(delayMs) }, 'failed, will try again');
  }
}

function settle(outcome: Outcome, key: string, queue: Queue, log: Logger): void {
  switch (outcome.kind) {
    case 'done':
      log.debug({}, 'done');
      return;
    case 'again':
      queue.addAfter(key, outcome.afterMs);
      log.debug({ afterMs: outcome.afterMs, reason: outcome.reason }, 'again');
      return;
    case 'retry':
      log.debug({ delayMs: Math.round(queue.retry(key)), reason: outcome.reason }, 'will try again');
      return;
    case 'stalled':
      log.info({ reason: outcome.reason, detail: outcome.message }, 'stalled');
  }
}

/** Errors of any client may say how long its server wants to be left alone. */
function retryAfterOf(error: unknown): number {
  const wish = error instanceof Error && 'retryAfterMs' in error ? error.retryAfterMs : undefined;
  return typeof wish === 'number' ? wish : 0;
}
