import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../clock.ts';

/** A clock that stands still until it is told to go on. */
export interface ManualClock extends Clock {
  /** Goes on, running what falls due on the way, each with all that follows from it. */
  advance(ms: number): Promise<void>;
  /** How many timers are set. */
  readonly pending: number;
}

/** A clock at some fixed time. */
export function manualClock(): ManualClock {
  let now = 1_800_000_000_000;
  const timers = new Set<{ at: number; run: () => void }>();
  return {
    now: () => now,
    after(delayMs, run) {
      const timer = { at: now + delayMs, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    async advance(ms) {
      const end = now + ms;
      for (;;) {
        await setImmediate();
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next);
        now = next.at;
        next.run();
      }
      now = end;
    },
    get pending() {
      return timers.size;
    },
  };
}
