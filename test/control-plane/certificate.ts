import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

// Node reads X.509 but does not write it, and openssl is not everywhere. What is needed here fits on a screen: one
// ECDSA key that signs its own certificate, in DER (ITU-T X.690) as RFC 5280 lays it out.

/** A private key and the certificate that it signed itself, both PEM. */
export interface KeyAndCertificate {
  key: string;
  certificate: string;
}

type Der = Buffer;

const HOUR_MS = 3_600_000;

const der = (tag: number, ...content: (Der | number[])[]): Der => {
  const body = Buffer.concat(content.map(part => Buffer.from(part)));
  const length = body.length;
  const header = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...header]), body]);
};
const sequence = (...content: Der[]): Der => der(0x30, ...content);
const set = (content: Der): Der => der(0x31, content);
const octets = (content: Der): Der => der(0x04, content);
const bits = (content: Der): Der => der(0x03, [0], content);
const boolean = (value: boolean): Der => der(0x01, [value ? 0xff : 0]);
const utcTime = (date: Date): Der => der(0x17, Buffer.from(`${date.toISOString().replace(/\D/g, '').slice(2, 14)}Z`));

const VERSION_3 = der(0xa0, der(0x02, [2]));
const ECDSA_WITH_SHA256 = sequence(der(0x06, [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]));
const COMMON_NAME = der(0x06, [0x55, 0x04, 0x03]);
const extension = (id: number, value: Der, critical = false): Der =>
  sequence(der(0x06, [0x55, 0x1d, id]), ...(critical ? [boolean(true)] : []), octets(value));
const subjectKeyIdentifier = (publicKey: Der): Der =>
  extension(14, octets(createHash('sha1').update(publicKey).digest()));
const KEY_USAGE = extension(15, der(0x03, [2, 0b1000_0100]), true); // digitalSignature, keyCertSign
const BASIC_CONSTRAINTS = extension(19, sequence(boolean(true)), true);

const nameOf = (commonName: string): Der => sequence(set(sequence(COMMON_NAME, der(0x0c, Buffer.from(commonName)))));

const subjectAltName = (hosts: readonly string[]): Der =>
  extension(
    17,
    sequence(
      ...hosts.map(host => (isIPv4(host) ? der(0x87, host.split('.').map(Number)) : der(0x82, Buffer.from(host)))),
    ),
  );

/**
 * A certificate for TLS servers on the given host names and IPv4 addresses (the first is its common name), valid from an
 * hour ago for a year. It is its own authority: clients get `certificate` as their CA bundle.
 */
export function selfSignedCertificate(hosts: readonly [string, ...string[]]): KeyAndCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subjectPublicKeyInfo = publicKey.export({ type: 'spki', format: 'der' });
  const issuedAt = Date.now() - HOUR_MS;
  const body = sequence(
    VERSION_3,
    der(0x02, [0x01], randomBytes(15)), // Serial number: positive, since it starts with 1.
    ECDSA_WITH_SHA256,
    nameOf(hosts[0]),
    sequence(utcTime(new Date(issuedAt)), utcTime(new Date(issuedAt + 365 * 24 * HOUR_MS))),
    nameOf(hosts[0]),
    subjectPublicKeyInfo,
    der(
      0xa3,
      sequence(subjectKeyIdentifier(subjectPublicKeyInfo), KEY_USAGE, BASIC_CONSTRAINTS, subjectAltName(hosts)),
    ),
  );
  const certificate = sequence(body, ECDSA_WITH_SHA256, bits(sign('sha256', body, privateKey)));
  const base64 = certificate.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  };
}
