import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { trustIssuers } from './authentication.ts';
import { selfSignedCertificate } from './certificate.ts';
import { files } from './flags.ts';

/** What a client needs to be the administrator. */
export interface Credentials {
  /** CA bundle, PEM. */
  ca: string;
  adminToken: string;
}

/**
 * Writes what the servers prove themselves and others by. Certificate and administrator are new at each start; the key
 * of ServiceAccount tokens is kept, since tokens may be stored in the data.
 */
export async function writeCredentials(dir: string): Promise<Credentials> {
  const { key, certificate } = selfSignedCertificate(['127.0.0.1', 'localhost', 'kubernetes.default.svc']);
  const adminToken = randomBytes(24).toString('base64url');
  const write = (name: string, text: string) => writeFile(join(dir, name), text, { mode: 0o600 });
  await write(files.certificate, certificate);
  await write(files.key, key);
  await write(files.tokens, `${adminToken},admin,admin,system:masters\n`);
  await trustIssuers(join(dir, files.authentication), []);
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await writeFile(join(dir, files.serviceAccountKey), pem, { mode: 0o600, flag: 'wx' }).catch(error => {
    if (error.code !== 'EEXIST') throw error;
  });
  return { ca: certificate, adminToken };
}
