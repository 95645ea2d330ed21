import type { Cancel, Clock } from './clock.ts';

/** A reason to wait: arranges one call of `resume` and answers how to give up waiting. */
export type Wait = (resume: () => void) => Cancel;

/** Work that may wait. It runs without a break between two waits, as a single-threaded worker does. */
export type Steps<T> = Generator<Wait, T, void>;

/** How a process ended. `killed` is SIGKILL: nothing was cleaned up. */
export type Outcome<T> = { kind: 'done'; value: T } | { kind: 'failed'; error: unknown } | { kind: 'killed' };

/** Waits for `ms` milliseconds. */
export function sleep(clock: Clock, ms: number): Wait {
  return resume => clock.at(clock.now() + ms, resume);
}

/** Whether work was only begun, and waits. */
export function isSteps<T>(value: Steps<T> | T): value is Steps<T> {
  return Object.prototype.toString.call(value) === '[object Generator]';
}

/** What others need of a process: to hear of its end, and to write to its standard error. */
export interface Mortal {
  /** A task's goes to its log, that of a call nowhere. */
  print(line: string): void;
  /** Registers what the kernel does at the end, however it comes; the answer takes it back. */
  onExit(hook: () => void): Cancel;
}

/**
 * One operating-system process: an API worker's call or a task. It can be interrupted (SIGTERM: an error is thrown where
 * it waits, so that it cleans up) or killed (SIGKILL: it is never resumed). What the kernel takes back when a process
 * ends, file locks above all, hangs on `onExit`.
 */
export class Process<T> implements Mortal {
  readonly #steps: Steps<T>;
  readonly #ended: (outcome: Outcome<T>) => void;
  readonly #exits = new Set<() => void>();
  readonly print: (line: string) => void;
  #waiting: Cancel | undefined;
  #outcome: Outcome<T> | undefined;

  /** `ended` is called once, after the exit hooks. Nothing runs before `start`. */
  constructor(
    body: (self: Process<T>) => Steps<T>,
    ended: (outcome: Outcome<T>) => void,
    print: (line: string) => void = () => {},
  ) {
    this.#steps = body(this);
    this.#ended = ended;
    this.print = print;
  }

  get alive(): boolean {
    return this.#outcome === undefined;
  }

  /** Runs up to the first wait. */
  start(): void {
    this.#resume(() => this.#steps.next());
  }

  /** SIGTERM: throws `error` at the wait. */
  interrupt(error: Error): void {
    if (!this.alive) return;
    this.#waiting?.();
    this.#resume(() => this.#steps.throw(error));
  }

  /** SIGKILL: whatever was half done stays half done. */
  kill(): void {
    if (!this.alive) return;
    this.#waiting?.();
    this.#end({ kind: 'killed' });
  }

  onExit(hook: () => void): Cancel {
    this.#exits.add(hook);
    return () => this.#exits.delete(hook);
  }

  #resume(next: () => IteratorResult<Wait, T>): void {
    this.#waiting = undefined;
    let result: IteratorResult<Wait, T>;
    try {
      result = next();
    } catch (error) {
      this.#end({ kind: 'failed', error });
      return;
    }
    if (!this.alive) return;
    if (result.done) this.#end({ kind: 'done', value: result.value });
    else this.#waiting = result.value(() => this.#resume(() => this.#steps.next()));
  }

  #end(outcome: Outcome<T>): void {
    this.#outcome = outcome;
    for (const hook of this.#exits) hook();
    this.#exits.clear();
    this.#ended(outcome);
  }
}
