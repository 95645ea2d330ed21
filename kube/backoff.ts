/**
 * The delay before the next try after `failures` failures in a row: doubling from `baseMs` up to `maxMs`, and of that a
 * random part between `floor` (0 for full jitter, 1 for none) and all, so that many who failed together do not come
 * back together. `random` answers numbers in [0, 1).
 */
export function backoffMs(
  failures: number,
  { baseMs, maxMs, floor }: { baseMs: number; maxMs: number; floor: number },
  random: () => number,
): number {
  // 2^30 ms is twelve days, beyond any limit: larger exponents only lose precision.
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(Math.max(failures - 1, 0), 30));
  return ceiling * (floor + (1 - floor) * random());
}
