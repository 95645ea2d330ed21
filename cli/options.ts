import { InvalidArgumentError } from 'commander';

/** Parses a TCP port, 0 for any free one. */
export function port(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new InvalidArgumentError(`"${text}" is not a port: a whole number from 0 to 65535 is.`);
}
