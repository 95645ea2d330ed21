import { createCipheriv, timingSafeEqual } from 'node:crypto';

/** The length of a challenge, and of the answer to it. */
export const CHALLENGE_LENGTH = 16;

/**
 * The answer to a challenge of VncAuth (RFC 6143, 7.2.2): DES with the first eight characters of the password, each
 * with its bits reversed. OpenSSL has no DES any more, but triple DES with one key is the same.
 */
export function answerChallenge(challenge: Buffer, password: string): Buffer {
  const key = Buffer.alloc(8);
  Buffer.from(password, 'latin1').copy(key, 0, 0, 8);
  const reversed = Buffer.from(key.map(reverseBits));
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([reversed, reversed, reversed]), null);
  return cipher.setAutoPadding(false).update(challenge);
}

/** Whether `answer` is the one to the challenge. */
export function isRightAnswer(challenge: Buffer, answer: Buffer, password: string): boolean {
  return answer.length === CHALLENGE_LENGTH && timingSafeEqual(answer, answerChallenge(challenge, password));
}

function reverseBits(byte: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) reversed |= 0x80 >> bit;
  return reversed;
}
