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
    this.#writes.set(key, { resourceVersion, at: this.#clock.now() });
  }

  /**
   * True while the store is older than the last own write of that key: read live, or come back when the watch brings
   * the change.
   */
  isPending(key: string): boolean {
    const write = this.#writes.get(key);
    if (!write) return false;
    const tooOld = this.#clock.now() - write.at > longestWaitMs;
    if (!tooOld && !this.#store.hasSeen(write.resourceVersion)) return true;
    this.#writes.delete(key);
    return false;
  }
}
