import { createHash, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { bits, type Der, der, objectId, octets, sequence, setOf, text, utcTime, yes } from './der.ts';

/** A private key and the certificate that it signed itself, both PEM. */
export interface KeyPair {
  key: string;
  certificate: string;
}

const hourMs = 3_600_000;
const ecdsaWithSha256 = sequence(objectId(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const commonName = objectId(0x55, 0x04, 0x03);

/** An extension of id-ce, by its last number (RFC 5280, 4.2.1). */
const extension = (id: number, value: Der, critical = false): Der =>
  sequence(objectId(0x55, 0x1d, id), ...(critical ? [yes] : []), octets(value));

/**
 * Makes a certificate for a TLS server that is its own authority: its clients, here the API server, get it as their
 * whole CA bundle, so no other authority can speak for the webhook. Node writes no X.509 by itself.
 */
export function makeCertificate(hosts: readonly [string, ...string[]], validMs: number, now: Date): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keyInfo = publicKey.export({ type: 'spki', format: 'der' });
  // 64 is the most that X.520 allows of a common name.
  const name = sequence(setOf(sequence(commonName, text(hosts[0].slice(0, 64)))));
  const body = sequence(
    der(0xa0, der(0x02, [2])),
    // A positive serial number, since it begins with 1.
    der(0x02, [0x01], randomBytes(15)),
    ecdsaWithSha256,
    name,
    // From an hour ago: clocks differ.
    sequence(utcTime(new Date(now.getTime() - hourMs)), utcTime(new Date(now.getTime() + validMs))),
    name,
    keyInfo,
    der(0xa3, sequence(...extensions(hosts, keyInfo))),
  );
  const certificate = sequence(body, ecdsaWithSha256, bits(sign('sha256', body, privateKey)));
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificate: pem(certificate) };
}

function extensions(hosts: readonly string[], keyInfo: Der): Der[] {
  const names = hosts.map(host =>
    isIPv4(host) ? der(0x87, host.split('.').map(Number)) : der(0x82, Buffer.from(host)),
  );
  return [
    extension(14, octets(createHash('sha1').update(keyInfo).digest())),
    // Key usage: digitalSignature and keyCertSign.
    extension(15, der(0x03, [2, 0b1000_0100]), true),
    extension(17, sequence(...names)),
    extension(19, sequence(yes), true),
  ];
}

function pem(certificate: Der): string {
  const base64 = certificate.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

/** Whether a certificate is to be replaced: it is in the last third of its life, or for other hosts. */
export function isDue(certificate: string, hosts: readonly string[], now: Date): boolean {
  const { validFromDate, validToDate, subjectAltName = '' } = new X509Certificate(certificate);
  const named = subjectAltName.split(', ').map(entry => entry.replace(/^[^:]*:/, ''));
  const lastThird = validToDate.getTime() - (validToDate.getTime() - validFromDate.getTime()) / 3;
  return now.getTime() >= lastThird || hosts.some(host => !named.includes(host));
}
