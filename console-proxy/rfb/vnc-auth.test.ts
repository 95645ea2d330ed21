import { expect, test } from 'vitest';
import { answerChallenge } from './vnc-auth.ts';

test('answers a challenge as VNC servers expect it', () => {
  // DES under the key 0123456789ABCDEF, whose bytes are those of the password with their bits in reverse
  // (NBS Special Publication 500-20: "Now is t" becomes 3fa40e8a984d4815).
  const password = Buffer.from('80c4a2e691d5b3f7', 'hex').toString('latin1');
  const challenge = Buffer.from('Now is tNow is t');
  expect(answerChallenge(challenge, password).toString('hex')).toBe('3fa40e8a984d4815'.repeat(2));
});

test('takes the first eight characters of a password, and less', () => {
  const challenge = Buffer.alloc(16, 7);
  expect(answerChallenge(challenge, '12345678')).toEqual(answerChallenge(challenge, '123456789'));
  expect(answerChallenge(challenge, '1234')).toHaveLength(16);
});
