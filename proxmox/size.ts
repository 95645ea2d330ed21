const units = ['', 'K', 'M', 'G', 'T'];

/** Reads a size such as `32G` or `528K` in bytes; units are powers of 1024. @throws RangeError where it is none */
export function parseSize(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([KMGT]?)(?:iB)?$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) throw new RangeError(`not a size: ${JSON.stringify(text)}`);
  return Math.round(Number(amount) * 1024 ** units.indexOf(unit));
}

/** Writes a number of bytes in the largest unit that divides it. @throws RangeError for a fraction, or below one */
export function formatSize(bytes: number): string {
  if (!Number.isSafeInteger(bytes) || bytes < 1) throw new RangeError(`not a number of bytes: ${bytes}`);
  const power = units.findLastIndex((_, power) => bytes % 1024 ** power === 0);
  return `${bytes / 1024 ** power}${units[power]}`;
}
