import { backoffMs } from './backoff.ts';
import { type Clock, systemClock } from './clock.ts';
import { TokenBucket } from './token-bucket.ts';

/** `low` keys wait behind the others: a sweep over everything must not delay a person's change. */
export type Priority = 'normal' | 'low';

/** Settings of a {@link Queue}; the defaults are those of controller-runtime, but for the jitter. */
export interface QueueOptions {
  /** Delay limit of a key's first retry, doubled with each failure in a row. */
  backoffMs?: number;
  backoffMaxMs?: number;
  /** All retries together, so that a common fault does not become a storm. */
  retriesPerSecond?: number;
  retryBurst?: number;
  /** The number of keys that may wait; a guard against a mistake, far above what a cluster has objects. */
  maxKeys?: number;
  clock?: Clock;
  /** Numbers in [0, 1). */
  random?: () => number;
}

/** How a queue is doing, for gauges. Ages are milliseconds, 0 where nothing waits or runs. */
export interface QueueStats {
  /** Keys that could be taken now. */
  ready: number;
  /** Keys that wait for their time. */
  delayed: number;
  running: number;
  oldestReadyMs: number;
  longestRunningMs: number;
  /** Keys that were refused since the start because the queue was full. */
  refused: number;
}

/** One in this many keys is taken from the low ones though others wait, so that a sweep gets on under load. */
const lowShare = 8;

/**
 * Keys of objects that want to be looked at. A key waits once however often it is added, and never runs twice at once:
 * if it is added while it runs, it runs again afterwards.
 */
export class Queue {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #retryBucket: TokenBucket;
  readonly #backoff: { baseMs: number; maxMs: number; floor: number };
  readonly #maxKeys: number;
  /** Keys to be taken, in order, with the time since when. */
  readonly #ready: Record<Priority, Map<string, number>> = { normal: new Map(), low: new Map() };
  readonly #delayed = new Map<string, { dueAt: number; cancel: () => void }>();
  /** Keys that run, with their start, and whether they were added meanwhile. */
  readonly #running = new Map<string, { since: number; again?: Priority }>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #taken = 0;
  #refused = 0;
  #state: 'open' | 'closed' = 'open';

  constructor(options: QueueOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#backoff = { baseMs: options.backoffMs ?? 1000, maxMs: options.backoffMaxMs ?? 300_000, floor: 0 };
    this.#retryBucket = new TokenBucket(options.retriesPerSecond ?? 10, options.retryBurst ?? 100, this.#clock);
    this.#maxKeys = options.maxKeys ?? 100_000;
  }

  /** Makes a key ready, whatever delay it was under. Answers false where the queue is full or closed. */
  add(key: string, priority: Priority = 'normal'): boolean {
    if (!this.#admits(key)) return false;
    this.#undelay(key);
    const running = this.#running.get(key);
    if (running) {
      if (running.again !== 'normal') running.again = priority;
      return true;
    }
    if (this.#ready.normal.has(key)) return true;
    const since = this.#ready.low.get(key);
    if (since !== undefined && priority === 'low') return true;
    this.#ready.low.delete(key);
    this.#ready[priority].set(key, since ?? this.#clock.now());
    this.#serve();
    return true;
  }

  /** Makes a key ready in `delayMs` milliseconds, unless it is ready or due before. */
  addAfter(key: string, delayMs: number): boolean {
    if (delayMs <= 0) return this.add(key);
    if (!this.#admits(key)) return false;
    if (this.#ready.normal.has(key) || this.#ready.low.has(key)) return true;
    const dueAt = this.#clock.now() + delayMs;
    const present = this.#delayed.get(key);
    if (present && present.dueAt <= dueAt) return true;
    present?.cancel();
    this.#delayed.set(key, { dueAt, cancel: this.#clock.schedule(delayMs, () => this.add(key)) });
    return true;
  }

  /**
   * Counts a failure of the key and adds it after its backoff, or after `atLeastMs` if that is longer. Answers the
   * delay in milliseconds.
   */
  retry(key: string, atLeastMs = 0): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const ownMs = backoffMs(failures, this.#backoff, this.#random);
    const delayMs = Math.max(ownMs, atLeastMs, this.#retryBucket.reserve());
    this.addAfter(key, delayMs);
    return delayMs;
  }

  /** Forgets the failures of a key: it succeeded. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Resolves with the next key, which then runs until `done`; with undefined once the queue is closed. */
  take(): Promise<string | undefined> {
    if (this.#state === 'closed') return Promise.resolve(undefined);
    return new Promise(resolve => {
      this.#takers.push(resolve);
      this.#serve();
    });
  }

  /** Ends the run of a key that was taken. */
  done(key: string): void {
    const again = this.#running.get(key)?.again;
    this.#running.delete(key);
    if (again) this.add(key, again);
  }

  /** Ends all waiting; keys that run are still to be `done`. */
  close(): void {
    this.#state = 'closed';
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    this.#ready.normal.clear();
    this.#ready.low.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  /** How the queue is doing now. */
  stats(): QueueStats {
    const now = this.#clock.now();
    const { normal, low } = this.#ready;
    // Maps keep the order of insertion, so the first of each is its oldest.
    const readySince = Math.min(...firstOf(normal), ...firstOf(low), now);
    const runningSince = Math.min(...[...this.#running.values()].map(run => run.since), now);
    return {
      ready: normal.size + low.size,
      delayed: this.#delayed.size,
      running: this.#running.size,
      oldestReadyMs: now - readySince,
      longestRunningMs: now - runningSince,
      refused: this.#refused,
    };
  }

  #admits(key: string): boolean {
    if (this.#state === 'closed') return false;
    const { normal, low } = this.#ready;
    const known = normal.has(key) || low.has(key) || this.#delayed.has(key) || this.#running.has(key);
    if (known || normal.size + low.size + this.#delayed.size < this.#maxKeys) return true;
    this.#refused += 1;
    return false;
  }

  #undelay(key: string): void {
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
  }

  /** Gives ready keys to those who wait for one. */
  #serve(): void {
    while (this.#takers.length > 0) {
      const key = this.#next();
      if (key === undefined) return;
      this.#ready.normal.delete(key);
      this.#ready.low.delete(key);
      this.#running.set(key, { since: this.#clock.now() });
      this.#takers.shift()?.(key);
    }
  }

  #next(): string | undefined {
    const { normal, low } = this.#ready;
    this.#taken += 1;
    const lowFirst = this.#taken % lowShare === 0;
    const [first, second] = lowFirst ? [low, normal] : [normal, low];
    return first.keys().next().value ?? second.keys().next().value;
  }
}

function firstOf(keys: Map<string, number>): number[] {
  const first = keys.values().next().value;
  return first === undefined ? [] : [first];
}
