import { died } from '../engine/errors.ts';

/** The key types whose first field says how the second begins. */
const TYPES =
  /^(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)$/;

/**
 * Throws where ssh-keygen would not take the keys: each line is a type, base64 that holds that type again, and a
 * comment. `encoded` is percent-encoded, as the option is.
 */
export function validateSshKeys(encoded: string): void {
  const lines = decodeURIComponent(encoded)
    .split('\n')
    .filter(line => line.trim() !== '' && !line.startsWith('#'));
  if (!lines.every(isKey)) throw died('SSH public key validation error');
}

function isKey(line: string): boolean {
  const fields = line.trim().split(/\s+/);
  const at = fields.findIndex(field => TYPES.test(field));
  const type = fields[at];
  const body = fields[at + 1];
  if (type === undefined || body === undefined) return false;
  const blob = Buffer.from(body, 'base64');
  const parts = partsOf(blob);
  if (parts === undefined || parts[0]?.toString() !== type) return false;
  return type !== 'ssh-ed25519' || parts[1]?.length === 32;
}

/** The length-prefixed parts of a key; undefined where they do not fill it. */
function partsOf(blob: Buffer): Buffer[] | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  while (at + 4 <= blob.length) {
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) return undefined;
    parts.push(blob.subarray(at + 4, end));
    at = end;
  }
  return at === blob.length ? parts : undefined;
}
