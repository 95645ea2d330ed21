import { createValue, useValue } from '../data/value.ts';

const now = createValue(Date.now());

/** Texts such as "3 minutes ago" are never older than this. */
setInterval(() => now.set(Date.now()), 30_000);

/** The time, told anew twice a minute, so that ages on the page grow. */
export const useNow = (): number => useValue(now);
