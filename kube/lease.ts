import type { KubeClient } from './client.ts';
import { type Clock, sleep, systemClock } from './clock.ts';
import { isAlreadyExists, isConflict } from './errors.ts';
import { LeaseRecord } from './lease-record.ts';
import { type Logger, silentLogger } from './telemetry.ts';

/** Settings of {@link acquireLease}; the durations are those of client-go. */
export interface LeaseOptions {
  /** On a connection of its own, so that no full pool and no slow list costs the lease. */
  client: KubeClient;
  namespace: string;
  name: string;
  /** The pod's name; a random part is added, so that a restarted process is another one. */
  identity: string;
  /** Stops the waiting for the lease; does not end the holding. */
  signal: AbortSignal;
  /** Called once when the lease is lost, and not when it is released. The process should exit. */
  onLost: (reason: Error) => void;
  /** Others take the lease when they saw no renewal for so many milliseconds; 15 s where absent. */
  durationMs?: number;
  /** The holder stops when it could not renew for so many milliseconds; 10 s where absent, below the duration. */
  renewDeadlineMs?: number;
  /** Milliseconds between two tries; 2 s where absent. */
  retryMs?: number;
  log?: Logger;
  clock?: Clock;
}

/**
 * The lease while this process holds it. It is for efficiency, not for safety: a process that was stopped for a while
 * finds out late. Effects take the signal, and look at `remainingMs` right before each call that changes something.
 */
export interface HeldLease {
  /** Aborts when the lease is lost or released. */
  readonly signal: AbortSignal;
  /** True where the holder before did not release it: its last calls may still be under way. */
  readonly takenOver: boolean;
  /**
   * Milliseconds for which nobody else can hold the lease, by this process's monotonic clock; zero or less once that is
   * unsure. A call that changes something and takes up to `t` is made only where this is more than `t`.
   */
  remainingMs(): number;
  /** Ends the holding, once all work is drained, and lets the next one begin without waiting. */
  release(): Promise<void>;
}

/** Waits until this process holds the lease. Answers undefined where the signal aborted before. */
export async function acquireLease(options: LeaseOptions): Promise<HeldLease | undefined> {
  const { client, namespace, name, identity, signal, onLost } = options;
  const { durationMs = 15_000, renewDeadlineMs = 10_000, retryMs = 2000, clock = systemClock } = options;
  if (renewDeadlineMs >= durationMs) throw new TypeError('renewDeadlineMs must be below durationMs');
  const record = new LeaseRecord({ client, key: { namespace, name }, identity, durationMs, clock });
  const log = (options.log ?? silentLogger).child({ lease: name, identity: record.identity });
  const timing = { renewDeadlineMs, retryMs, clock };
  while (!signal.aborted) {
    const startedAt = clock.now();
    try {
      const taking = await record.take({ signal, timeoutMs: renewDeadlineMs / 2 });
      if (taking !== 'held-by-other') return new Holding({ record, startedAt, taking, timing, onLost, log });
    } catch (error) {
      // Somebody else was faster, or we are told to stop.
      const isQuiet = signal.aborted || isConflict(error) || isAlreadyExists(error);
      if (!isQuiet) log.warn({ err: error }, 'the lease could not be taken');
    }
    await sleep(retryMs, signal, clock);
  }
  return undefined;
}

interface HoldingOptions {
  record: LeaseRecord;
  /** When the request that took the lease was begun. */
  startedAt: number;
  taking: 'taken' | 'over';
  timing: { renewDeadlineMs: number; retryMs: number; clock: Clock };
  onLost: (reason: Error) => void;
  log: Logger;
}

class Holding implements HeldLease {
  readonly takenOver: boolean;
  readonly #options: HoldingOptions;
  readonly #ended = new AbortController();
  readonly #renewing: Promise<void>;
  #validUntil = 0;
  #cancelExpiry = () => {};

  constructor(options: HoldingOptions) {
    this.#options = options;
    this.takenOver = options.taking === 'over';
    options.log.info({ takenOver: this.takenOver }, 'holds the lease');
    this.#extend(options.startedAt);
    this.#renewing = this.#keepRenewing();
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  remainingMs(): number {
    return this.signal.aborted ? 0 : this.#validUntil - this.#options.timing.clock.now();
  }

  async release(): Promise<void> {
    const { record, timing, log } = this.#options;
    this.#end(new Error('the lease was released'));
    await this.#renewing;
    try {
      await record.giveBack({ timeoutMs: timing.renewDeadlineMs / 2 });
      log.info({}, 'released the lease');
    } catch (error) {
      log.warn({ err: error }, 'the lease was not released; the next holder has to wait');
    }
  }

  async #keepRenewing(): Promise<void> {
    const { retryMs, clock } = this.#options.timing;
    while (!this.signal.aborted) {
      await sleep(retryMs, this.signal, clock);
      if (!this.signal.aborted) await this.#renew();
    }
  }

  async #renew(): Promise<void> {
    const { record, timing, log } = this.#options;
    const startedAt = timing.clock.now();
    try {
      const isOurs = await record.renew({ signal: this.signal, timeoutMs: timing.renewDeadlineMs / 2 });
      if (isOurs) this.#extend(startedAt);
      else this.#lose(new Error('another process holds the lease'));
    } catch (error) {
      if (!this.signal.aborted) log.warn({ err: error, remainingMs: this.remainingMs() }, 'the lease was not renewed');
    }
  }

  /** Counts from before the request that renewed: others count from when they see its effect, which is later. */
  #extend(renewedAt: number): void {
    if (this.signal.aborted) return;
    const { renewDeadlineMs, clock } = this.#options.timing;
    this.#validUntil = renewedAt + renewDeadlineMs;
    this.#cancelExpiry();
    const expire = () => this.#lose(new Error(`the lease was not renewed for ${renewDeadlineMs} ms`));
    this.#cancelExpiry = clock.schedule(this.#validUntil - clock.now(), expire);
  }

  #lose(reason: Error): void {
    if (this.signal.aborted) return;
    this.#options.log.error({ err: reason }, 'lost the lease');
    this.#end(reason);
    this.#options.onLost(reason);
  }

  #end(reason: Error): void {
    this.#cancelExpiry();
    this.#ended.abort(reason);
  }
}
