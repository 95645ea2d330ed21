import { describe, expect, it } from 'vitest';
import { answerChallenge, isRightAnswer } from './vnc-auth.ts';

describe('VncAuth', () => {
  it('is DES with the bits of each byte of the password reversed', () => {
    // openssl enc -des-ecb -nopad -K 0e86ceceeef64e26 (the reversed bytes of "password") of zeros
    const block = 'ff97502e9422f089';
    expect(answerChallenge(Buffer.alloc(16), 'password').toString('hex')).toBe(block + block);
  });

  it('knows the right answer', () => {
    const challenge = Buffer.from('dfe4cd5f98fde0a9afcb67c338454407', 'hex');
    expect(isRightAnswer(challenge, answerChallenge(challenge, 'UU^;`<?5'), 'UU^;`<?5')).toBe(true);
    expect(isRightAnswer(challenge, answerChallenge(challenge, 'UU^;`<?6'), 'UU^;`<?5')).toBe(false);
  });
});
