import { vi } from 'vitest';

/** How long a test waits for what must come, in ms. It takes so long only where it does not come: machines may be slow. */
export const patienceMs = 240_000;

/** Waits until what is asked holds; what it threw last is the failure. */
export const eventually = <T>(ask: () => T | Promise<T>, timeout = patienceMs): Promise<T> =>
  vi.waitFor(ask, { timeout, interval: 100 });
