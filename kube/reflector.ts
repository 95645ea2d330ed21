import { backoffMs } from './backoff.ts';
import type { KubeClient } from './client.ts';
import { type Clock, sleep, systemClock } from './clock.ts';
import { isExpired, KubeError } from './errors.ts';
import { compareResourceVersions, type KubeObject, keyOf, type ResourceType } from './resource.ts';
import { type Change, type ChangeKind, Store } from './store.ts';
import { type Logger, noMetrics, type RuntimeMetrics, silentLogger } from './telemetry.ts';
import { LostTrackError, type WatchEvent, watch } from './watch.ts';

/** Where a change was noticed: `list` means a first or repairing look at everything, which can wait behind `watch`. */
export type ChangeOrigin = 'watch' | 'list';

/**
 * Called for each change, in order, after the store took it in. It enqueues keys and does nothing else: the next event
 * waits for it.
 */
export type ChangeHandler<T> = (key: string, kind: ChangeKind, object: T, origin: ChangeOrigin) => void;

/** The durations of a reflector, in milliseconds. */
export interface ReflectorTimings {
  /** The server ends a watch after a random time between these two; client-go has 5 to 10 minutes. */
  watchMinMs: number;
  watchMaxMs: number;
  /** What the server may take longer to end a watch before it is cut. */
  watchGraceMs: number;
  /** Silence after which a watch counts as dead. API servers send a bookmark a minute: this is two missed ones. */
  silenceMs: number;
  /** Time between two lists, give or take a fifth: the safety net for an event that never came. */
  relistMs: number;
  /** The shortest time between two watches, for a server that ends each at once. */
  paceMs: number;
  /** Delay after the first failure, and the limit that it doubles to: small, to be back soon after an outage. */
  backoffMs: number;
  backoffMaxMs: number;
}

const defaultTimings: ReflectorTimings = {
  watchMinMs: 300_000,
  watchMaxMs: 600_000,
  watchGraceMs: 15_000,
  silenceMs: 150_000,
  relistMs: 600_000,
  paceMs: 1000,
  backoffMs: 1000,
  backoffMaxMs: 5000,
};

/** What a reflector reflects, and where it tells. */
export interface ReflectorOptions<T extends KubeObject> {
  client: KubeClient;
  type: ResourceType;
  /** One namespace; all where absent. */
  namespace?: string;
  labelSelector?: string;
  /** A store of your own, for its indexes. */
  store?: Store<T>;
  onChange?: ChangeHandler<T>;
  log?: Logger;
  metrics?: RuntimeMetrics;
  timings?: Partial<ReflectorTimings>;
  clock?: Clock;
  random?: () => number;
}

/**
 * Keeps a store equal to a collection of the API server: one list, then watches, one at a time, for as long as it
 * runs. Whatever a server or a network does, it is back on its own; see `testing/reflector-cases.ts`.
 */
export class Reflector<T extends KubeObject> {
  readonly store: Store<T>;
  readonly #options: ReflectorOptions<T>;
  readonly #timings: ReflectorTimings;
  readonly #log: Logger;
  readonly #metrics: RuntimeMetrics;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #synced = Promise.withResolvers<void>();
  #isSynced = false;
  /** When the next list is due; the first at once. */
  #relistAt = Number.NEGATIVE_INFINITY;
  /** Failures since the last event, and whether a list that was made at once has not helped. */
  #failures = 0;
  #listedAtOnce = false;
  #contactAt = Number.NEGATIVE_INFINITY;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.store = options.store ?? new Store<T>();
    this.#timings = { ...defaultTimings, ...options.timings };
    this.#log = (options.log ?? silentLogger).child({ reflector: options.type.kind });
    this.#metrics = options.metrics ?? noMetrics;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
  }

  /** True after the first complete list: from then on, what is not in the store does not exist. */
  get synced(): boolean {
    return this.#isSynced;
  }

  /** Resolves after the first complete list. */
  whenSynced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Milliseconds since the API server was last heard of: how stale the store may be. */
  get silentMs(): number {
    return this.#clock.now() - this.#contactAt;
  }

  /** Runs until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const startedAt = this.#clock.now();
      try {
        if (startedAt >= this.#relistAt) await this.#list(signal);
        await this.#watch(signal);
        this.#metrics.watchEnded(this.#options.type.kind, 'end');
        await sleep(this.#paceMs(startedAt), signal, this.#clock);
      } catch (error) {
        if (!signal.aborted) await this.#recover(error, signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, type, namespace, labelSelector } = this.#options;
    const startedAt = this.#clock.now();
    const seen = new Set<string>();
    let resourceVersion = '';
    // No resourceVersion is asked for: an answer from a cache could be older than what we have seen.
    for await (const page of client.pages<T>(type, { namespace, labelSelector, signal })) {
      resourceVersion = page.resourceVersion;
      for (const object of page.items) {
        seen.add(keyOf(object));
        this.#tell(this.store.put(object), 'list');
      }
    }
    this.store.advance(resourceVersion);
    for (const object of this.store.list()) {
      const key = keyOf(object);
      if (!seen.has(key)) this.#tell(this.store.delete(key, object), 'list');
    }
    this.#heard();
    this.#relistAt = startedAt + this.#timings.relistMs * (0.8 + 0.4 * this.#random());
    this.#metrics.listed(type.kind, (this.#clock.now() - startedAt) / 1000);
    this.#isSynced = true;
    this.#synced.resolve();
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { client, type, namespace, labelSelector } = this.#options;
    const { silenceMs, watchGraceMs: graceMs } = this.#timings;
    const events = watch<T>(client.connection, type, {
      namespace,
      labelSelector,
      resourceVersion: this.store.resourceVersion ?? '',
      timeoutSeconds: this.#watchSeconds(),
      graceMs,
      silenceMs,
      signal,
    });
    for await (const event of events) {
      this.#take(event);
      this.#heard();
      this.#failures = 0;
      this.#listedAtOnce = false;
    }
  }

  #take(event: WatchEvent<T>): void {
    const isBookmark = event.type === 'BOOKMARK';
    const resourceVersion = (isBookmark ? event : event.object.metadata).resourceVersion ?? '';
    // Of a restored etcd, the events up to where we were would be kept from us.
    if (compareResourceVersions(resourceVersion, this.store.resourceVersion ?? '') < 0) {
      throw new LostTrackError('the watch went back in time');
    }
    this.store.advance(resourceVersion);
    if (isBookmark) return;
    const { object } = event;
    const changes = event.type === 'DELETED' ? this.store.delete(keyOf(object), object) : this.store.put(object);
    this.#tell(changes, 'watch');
  }

  #tell(changes: Change<T>[], origin: ChangeOrigin): void {
    for (const { key, kind, object } of changes) {
      try {
        this.#options.onChange?.(key, kind, object, origin);
      } catch (error) {
        // A bug of the handler must not cost the other keys their events.
        this.#log.error({ key, kind, err: error }, 'the handler of a change failed');
      }
    }
  }

  /** Decides what a failure costs: the next watch, or a new list; at once, or after a pause. */
  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const lostTrack = error instanceof LostTrackError || isExpired(error);
    if (lostTrack) this.#relistAt = Number.NEGATIVE_INFINITY;
    const refused = error instanceof LostTrackError ? error.refused : error;
    this.#failures += 1;
    // Damage and expiry are cured by a list, so there is nothing to wait for, unless one was just made in vain.
    const atOnce = lostTrack && (refused === undefined || isExpired(refused)) && !this.#listedAtOnce;
    this.#listedAtOnce ||= atOnce;
    const delayMs = atOnce ? 0 : this.#backoffMs(refused);
    const reason = refused instanceof KubeError ? refused.reason : lostTrack ? 'Malformed' : 'Unknown';
    this.#metrics.watchEnded(this.#options.type.kind, reason);
    this.#log.warn({ err: error, reason, relist: lostTrack, delayMs: Math.round(delayMs) }, 'the watch failed');
    await sleep(delayMs, signal, this.#clock);
  }

  #backoffMs(error: unknown): number {
    const { backoffMs: baseMs, backoffMaxMs: maxMs } = this.#timings;
    const ownMs = backoffMs(this.#failures, { baseMs, maxMs, floor: 0.5 }, this.#random);
    return Math.max(ownMs, (error instanceof KubeError && error.retryAfterMs) || 0);
  }

  /** After a clean end nothing is wrong, so the pause is only as long as the rate needs. */
  #paceMs(startedAt: number): number {
    const elapsedMs = this.#clock.now() - startedAt;
    return Math.max(0, this.#timings.paceMs - elapsedMs);
  }

  /** Random, so that many watches that began together do not end together; no later than the next list is due. */
  #watchSeconds(): number {
    const { watchMinMs, watchMaxMs } = this.#timings;
    const wishedMs = watchMinMs + (watchMaxMs - watchMinMs) * this.#random();
    const lastMs = this.#relistAt - this.#clock.now();
    return Math.max(1, Math.ceil(Math.min(wishedMs, lastMs) / 1000));
  }

  #heard(): void {
    this.#contactAt = this.#clock.now();
  }
}
