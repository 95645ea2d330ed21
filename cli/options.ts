import { InvalidArgumentError } from 'commander';

/** Parses a TCP port, 0 for any free one. */
export function port(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new InvalidArgumentError(`"${text}" is not a port: a whole number from 0 to 65535 is.`);
}

/** Parses an https origin, as https://console.example.org:8443. */
export function origin(text: string): string {
  const parsed = URL.parse(text);
  if (parsed?.protocol === 'https:' && [parsed.origin, `${parsed.origin}/`].includes(text)) return parsed.origin;
  throw new InvalidArgumentError(`"${text}" is no origin: https, a host, and a port where it is not 443, are.`);
}
