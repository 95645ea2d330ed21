import type { Clock } from '../clock.ts';

/** A clock that stands still until it is told to go on. */
export interface ManualClock extends Clock {
  /** Goes on by that many milliseconds and runs what is due, in order; promises get their turn in between. */
  advance(ms: number): Promise<void>;
  /** Goes on by that many milliseconds and runs nothing, as for a process that was stopped. */
  jump(ms: number): void;
  /** The number of timers that wait. */
  waiting(): number;
}

/** Starts at zero, and at `start` on the wall: the first instant of 2026 where absent. */
export function manualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  const timers = new Set<{ dueAt: number; task: () => void }>();
  let now = 0;
  const nextDue = (limit: number) => {
    const due = [...timers].filter(timer => timer.dueAt <= limit);
    return due.sort((a, b) => a.dueAt - b.dueAt)[0];
  };
  return {
    now: () => now,
    date: () => new Date(start + now),
    jump(ms) {
      now += ms;
    },
    waiting: () => timers.size,
    schedule(delayMs, task) {
      const timer = { dueAt: now + Math.max(delayMs, 0), task };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    async advance(ms) {
      // What was started before this call takes its time from now.
      await new Promise(setImmediate);
      const end = now + ms;
      for (let timer = nextDue(end); timer; timer = nextDue(end)) {
        timers.delete(timer);
        now = Math.max(now, timer.dueAt);
        timer.task();
        await new Promise(setImmediate);
      }
      now = end;
      await new Promise(setImmediate);
    },
  };
}
