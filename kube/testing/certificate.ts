import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A key and a self-signed certificate for 127.0.0.1, as PEM. The certificate is its own CA. */
export interface SelfSigned {
  key: string;
  cert: string;
}

/** ecdsa-with-SHA256, RFC 5758. */
const signatureAlgorithm = sequence(oid([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]));

/** Makes a certificate for tests. Node can sign but has no call for X.509, so the DER of RFC 5280 is written here. */
export function makeSelfSigned(): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(tag(0x31, sequence(oid([0x55, 0x04, 0x03]), tag(0x0c, Buffer.from('test')))));
  const serial = tag(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)]));
  const validity = sequence(tag(0x17, Buffer.from('200101000000Z')), tag(0x17, Buffer.from('490101000000Z')));
  const key = publicKey.export({ type: 'spki', format: 'der' });
  const version3 = tag(0xa0, tag(0x02, Buffer.from([2])));
  const signed = sequence(version3, serial, signatureAlgorithm, name, validity, name, key, extensions());
  const signature = tag(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', signed, privateKey)]));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: pem(sequence(signed, signatureAlgorithm, signature)),
  };
}

/** Basic constraints that say CA, and 127.0.0.1 as subject alternative name. */
function extensions(): Buffer {
  const isTrue = tag(0x01, Buffer.from([0xff]));
  const isCa = sequence(oid([0x55, 0x1d, 0x13]), isTrue, tag(0x04, sequence(isTrue)));
  const address = sequence(oid([0x55, 0x1d, 0x11]), tag(0x04, sequence(tag(0x87, Buffer.from([127, 0, 0, 1])))));
  return tag(0xa3, sequence(isCa, address));
}

function oid(bytes: number[]): Buffer {
  return tag(0x06, Buffer.from(bytes));
}

function sequence(...parts: Buffer[]): Buffer {
  return tag(0x30, Buffer.concat(parts));
}

function tag(type: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([type, length]), content]);
  const bytes = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([type, ...bytes]), content]);
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
