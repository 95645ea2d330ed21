import { type Clock, systemClock } from './clock.ts';

/** A short-lived signal that follows a long-lived one and has a time limit of its own. Dispose of it after use. */
export interface Deadline extends Disposable {
  /** Aborts when the parent does, with the parent's reason, or when the time is over. */
  readonly signal: AbortSignal;
  /** Starts the time again with a new limit in milliseconds, as a watchdog does at each sign of life. */
  extend(timeoutMs: number): void;
}

/**
 * Starts a deadline of `timeoutMs` milliseconds under `parent`.
 *
 * Disposing removes the listener from the parent: a signal that lives as long as the process would otherwise collect
 * one for each request that was ever made under it.
 */
export function startDeadline(timeoutMs: number, parent?: AbortSignal, clock: Clock = systemClock): Deadline {
  const controller = new AbortController();
  const expire = () => controller.abort(new DOMException('the deadline passed', 'TimeoutError'));
  const follow = () => controller.abort(parent?.reason);
  let cancel = clock.schedule(timeoutMs, expire);
  if (parent?.aborted) follow();
  else parent?.addEventListener('abort', follow);
  return {
    signal: controller.signal,
    extend(limitMs) {
      cancel();
      cancel = clock.schedule(limitMs, expire);
    },
    [Symbol.dispose]() {
      cancel();
      parent?.removeEventListener('abort', follow);
    },
  };
}
