import { EncryptJWT, errors, jwtDecrypt } from 'jose';
import type { SealingKey } from './keys.ts';

/** What a sealed text is for; one for another purpose does not open. */
export type Purpose = 'session' | 'sign-in';

/** Seals values into texts that only holders of the keys can read or make. */
export interface Sealer {
  /** Seals until a time, in milliseconds since the epoch. */
  seal(purpose: Purpose, value: Record<string, unknown>, expiresAt: number): Promise<string>;
  /** What was sealed; undefined for anything else: forged, expired, for another purpose, of a key that is gone. */
  open(purpose: Purpose, sealed: string): Promise<Record<string, unknown> | undefined>;
}

const encryption = { alg: 'dir', enc: 'A256GCM' } as const;

/** `keys` are asked for each time: a file may have been rotated. */
export function createSealer(keys: () => readonly [SealingKey, ...SealingKey[]], now: () => number): Sealer {
  return {
    seal(purpose, value, expiresAt) {
      const [{ id, key }] = keys();
      return new EncryptJWT({ value })
        .setProtectedHeader({ ...encryption, kid: id })
        .setAudience(purpose)
        .setExpirationTime(Math.ceil(expiresAt / 1000))
        .encrypt(key);
    },
    async open(purpose, sealed) {
      try {
        const { payload } = await jwtDecrypt(
          sealed,
          ({ kid }) => {
            const found = keys().find(({ id }) => id === kid);
            if (!found) throw new errors.JWEDecryptionFailed('sealed with a key that is not known');
            return found.key;
          },
          {
            audience: purpose,
            requiredClaims: ['exp'],
            keyManagementAlgorithms: [encryption.alg],
            contentEncryptionAlgorithms: [encryption.enc],
            currentDate: new Date(now()),
          },
        );
        const { value } = payload;
        return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}
