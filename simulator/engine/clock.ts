import { TimerQueue } from './timer-queue.ts';

/** Takes back what was arranged; harmless when it already happened. */
export type Cancel = () => void;

/** The only source of time in the simulator. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `action` at `time` (ms since the epoch), never before this call returns. */
  at(time: number, action: () => void): Cancel;
  /** As `at`, for the rounds of daemons: such a timer never keeps the clock busy. */
  background(time: number, action: () => void): Cancel;
}

/** A clock that stands still until a test moves it; everything happens synchronously and in one order. */
export class VirtualClock implements Clock {
  readonly #timers = new TimerQueue();
  #now: number;

  /** `start` in ms since the epoch. */
  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  at(time: number, action: () => void): Cancel {
    return this.#timers.add(time, action, false);
  }

  background(time: number, action: () => void): Cancel {
    return this.#timers.add(time, action, true);
  }

  /** Moves on by `ms` and runs all that falls due on the way. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#timers.peek(); next !== undefined && next.time <= end; next = this.#timers.peek())
      this.step();
    this.#now = end;
  }

  /** Runs the next timer, whenever it is due; false if there is none. */
  step(): boolean {
    const timer = this.#timers.take();
    if (timer === undefined) return false;
    this.#now = Math.max(this.#now, timer.time);
    timer.action();
    return true;
  }

  /** Runs until only daemons' rounds are left; throws after `maxSteps`, since something then never ends. */
  runUntilIdle(maxSteps = 1_000_000): void {
    this.runUntil(() => this.#timers.foreground === 0, maxSteps);
  }

  /** Runs until `reached()`; throws when nothing is left to run or after `maxSteps`. */
  runUntil(reached: () => boolean, maxSteps = 1_000_000): void {
    for (let steps = 0; !reached(); steps++) {
      if (steps >= maxSteps || !this.step()) throw new Error('the virtual clock never got there');
    }
  }
}

/** The wall clock, driven by one timer that lets the process end. */
export class RealClock implements Clock {
  readonly #timers = new TimerQueue();
  #timer: NodeJS.Timeout | undefined;
  #due = Number.POSITIVE_INFINITY;

  now(): number {
    return Date.now();
  }

  at(time: number, action: () => void): Cancel {
    return this.#set(time, action, false);
  }

  background(time: number, action: () => void): Cancel {
    return this.#set(time, action, true);
  }

  #set(time: number, action: () => void, background: boolean): Cancel {
    const cancel = this.#timers.add(time, action, background);
    if (time < this.#due) this.#arm(time);
    return cancel;
  }

  #arm(due: number): void {
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.#run(), Math.max(0, due - Date.now()));
    this.#timer.unref();
  }

  #run(): void {
    this.#due = Number.POSITIVE_INFINITY;
    const now = Date.now();
    for (let next = this.#timers.peek(); next !== undefined && next.time <= now; next = this.#timers.peek()) {
      this.#timers.take()?.action();
    }
    const next = this.#timers.peek();
    if (next !== undefined) this.#arm(next.time);
  }
}
