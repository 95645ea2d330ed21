import { type Clock, systemClock } from './clock.ts';

/**
 * Lets `burst` things through at once and `perSecond` of them on average. It never refuses: it says how long to wait.
 */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #clock: Clock;
  /** Tokens at `#filledAt`; below zero where some were promised to those who wait. */
  #tokens: number;
  #filledAt: number;

  constructor(perSecond: number, burst: number, clock: Clock = systemClock) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#clock = clock;
    this.#tokens = burst;
    this.#filledAt = clock.now();
  }

  /** Takes one token and answers the milliseconds until it is there. */
  reserve(): number {
    const now = this.#clock.now();
    const earned = ((now - this.#filledAt) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + earned) - 1;
    this.#filledAt = now;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#perSecond) * 1000;
  }
}
