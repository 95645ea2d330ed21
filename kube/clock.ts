/** Time as the runtime sees it, so that tests can own it. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary start: for durations and deadlines. A change of the wall clock never shows. */
  now(): number;
  /** Wall-clock time: only for timestamps that are written into objects. */
  date(): Date;
  /** Runs `task` once after `delayMs` milliseconds; the returned function cancels it. */
  schedule(delayMs: number, task: () => void): () => void;
}

/** `setTimeout` runs a longer delay at once, with a warning: https://nodejs.org/api/timers.html */
const longestDelayMs = 2 ** 31 - 1;

/** The machine's own time. Its timers keep the process alive: a reflector that waits for its retry is work. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  schedule(delayMs, task) {
    const timer = setTimeout(task, Math.min(Math.max(delayMs, 0), longestDelayMs));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs` milliseconds, or at once when the signal aborts: the caller looks at the signal. */
export function sleep(delayMs: number, signal: AbortSignal, clock: Clock = systemClock): Promise<void> {
  if (signal.aborted || delayMs <= 0) return Promise.resolve();
  return new Promise(resolve => {
    const wake = () => {
      cancel();
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const cancel = clock.schedule(delayMs, wake);
    signal.addEventListener('abort', wake);
  });
}
