import { createHash, createSecretKey, type KeyObject } from 'node:crypto';

/** A key that seals cookies, and the name that a sealed one carries of it. */
export interface SealingKey {
  id: string;
  key: KeyObject;
}

/** AES-256. */
const keyBytes = 32;

/** The most that are of use: the one that seals, and those that cookies may still be sealed with. */
const mostKeys = 4;

/**
 * Reads sealing keys: 32 bytes of base64 or base64url a line, the newest first. That one seals; all of them open, so a
 * key is rotated by adding a line above and taking the old one away when the longest session is over. Throws an Error.
 */
export function parseKeys(text: string): [SealingKey, ...SealingKey[]] {
  const lines = text.split('\n').flatMap(line => line.trim() || []);
  const [first, ...rest] = lines.map((line, index) => parseKey(line, index + 1));
  if (!first) throw new Error('the file of session keys is empty');
  if (rest.length >= mostKeys) throw new Error(`the file of session keys has more than ${mostKeys} lines`);
  return [first, ...rest];
}

function parseKey(line: string, number: number): SealingKey {
  const bytes = /^[A-Za-z0-9_+/-]+={0,2}$/.test(line) ? Buffer.from(line, 'base64') : Buffer.alloc(0);
  if (bytes.length !== keyBytes)
    throw new Error(`line ${number} of the file of session keys is not 32 bytes of base64`);
  const id = createHash('sha256').update('berth session key\0').update(bytes).digest('base64url').slice(0, 8);
  return { id, key: createSecretKey(bytes) };
}
