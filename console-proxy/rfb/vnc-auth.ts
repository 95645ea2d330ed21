import { createCipheriv } from 'node:crypto';

/** Length of a challenge, and of its answer (RFC 6143, 7.2.2). */
export const challengeBytes = 16;

/**
 * The answer to VncAuth's challenge: DES of both halves under the password, whose bytes have their bits in reverse.
 * Three times the same key makes triple DES, which Node has, single DES, which it has not any more.
 */
export function answerChallenge(challenge: Buffer, password: string): Buffer {
  const key = Buffer.alloc(8);
  Buffer.from(password, 'latin1').copy(key);
  for (const [index, byte] of key.entries()) key[index] = reversed(byte);
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null).setAutoPadding(false);
  return Buffer.concat([cipher.update(challenge), cipher.final()]);
}

function reversed(byte: number): number {
  let result = 0;
  for (let bit = 0; bit < 8; bit++) result = (result << 1) | ((byte >> bit) & 1);
  return result;
}
