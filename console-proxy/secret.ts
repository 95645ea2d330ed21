import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A fresh secret of 256 bits, in base64url. */
export const freshSecret = (): string => randomBytes(32).toString('base64url');

/** What may be known of a secret: SHA-256 of its text in base64url, as challenges are. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

/** Whether a secret is the one behind a hash, in a time that tells nothing. */
export function matches(secret: string | undefined, hash: string | undefined): boolean {
  if (secret === undefined || hash === undefined || !/^[A-Za-z0-9_-]{43,128}$/.test(secret)) return false;
  const [given, expected] = [Buffer.from(hashOf(secret)), Buffer.from(hash)];
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** The name of a session's cookie: one browser may have several consoles open. */
export const cookieName = ({ namespace, name }: { namespace: string; name: string }): string =>
  `__Host-console-${createHash('sha256').update(`${namespace}/${name}`).digest('hex').slice(0, 16)}`;

/** The value of a cookie in a Cookie header, where it stands there once. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  const values = (header ?? '')
    .split(';')
    .map(pair => pair.trim().split('='))
    .filter(([key]) => key === name);
  return values.length === 1 ? values[0]?.[1] : undefined;
}
