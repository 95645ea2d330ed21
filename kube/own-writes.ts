import { type Clock, systemClock } from './clock.ts';
import type { KubeObject } from './resource.ts';
import type { Store } from './store.ts';

/** A minute is far beyond any lag of a watch; a store that is later than that has been set back, as by a restored etcd. */
const longestWaitMs = 60_000;

/**
 * Remembers what this process wrote until the store has seen it. Whoever acts on the store in between acts on a state
 * of before the own write, and may do the same thing twice.
 */
export class OwnWrites {
  readonly #store: Pick<Store<KubeObject>, 'hasSeen'>;
  readonly #clock: Clock;
  readonly #writes = new Map<string, { resourceVersion: string; at: number }>();

  constructor(store: Pick<Store<KubeObject>, 'hasSeen'>, clock: Clock = systemClock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Notes the resourceVersion that the API server answered to a write of that key. */
  note(key: string, resourceVersion: string): void {
    // Set anew, so that the oldest come first; those of keys that nobody asks for any more go with time.
    this.#writes.delete(key);
    this.#writes.set(key, { resourceVersion, at: this.#clock.now() });
    for (const [oldKey, write] of this.#writes) {
      if (!this.#isTooOld(write)) break;
      this.#writes.delete(oldKey);
    }
  }

  /**
   * True while the store is older than the last own write of that key: read live, or come back when the watch brings
   * the change.
   */
  isPending(key: string): boolean {
    const write = this.#writes.get(key);
    if (!write) return false;
    if (!this.#isTooOld(write) && !this.#store.hasSeen(write.resourceVersion)) return true;
    this.#writes.delete(key);
    return false;
  }

  #isTooOld({ at }: { at: number }): boolean {
    return this.#clock.now() - at > longestWaitMs;
  }
}
