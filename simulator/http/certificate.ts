import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { bits, boolean, integer, octets, oid, sequence, set, tagged, time, utf8 } from './der.ts';

/** A server's key and certificate with the authority that signed it, all PEM. */
export interface ServerIdentity {
  key: string;
  cert: string;
  ca: string;
  /** SHA-256 of the server's certificate, `AA:BB:…`, as Proxmox's pages show it. */
  fingerprint: string;
}

const DAY_MS = 86_400_000;

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));

/** Makes an authority and a server certificate for these host names and addresses; good for a year from `now` (ms). */
export function createIdentity(hosts: string[], now: number): ServerIdentity {
  const authority = keyPair();
  const server = keyPair();
  const issuer = name('Simulated Proxmox VE CA');
  const validity = sequence(time(now - DAY_MS), time(now + 365 * DAY_MS));
  const constraints = extension('2.5.29.19', true, sequence(boolean(true)));
  const signsCertificates = extension('2.5.29.15', true, bits(Buffer.from([0x06]), 1));
  const ca = certificate(authority.privateKey, issuer, validity, issuer, authority.publicKey, [
    constraints,
    signsCertificates,
    keyIdentifier(authority.publicKey),
  ]);
  const cert = certificate(authority.privateKey, issuer, validity, name(hosts[0] ?? 'localhost'), server.publicKey, [
    extension('2.5.29.19', true, sequence()),
    extension('2.5.29.15', true, bits(Buffer.from([0x80]), 7)),
    extension('2.5.29.35', false, sequence(tagged(0, false, keyDigest(authority.publicKey)))),
    extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.17', false, sequence(...hosts.map(alternativeName))),
  ]);
  return {
    key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: pem(cert),
    ca: pem(ca),
    fingerprint: new X509Certificate(cert).fingerprint256,
  };
}

function keyPair(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function certificate(
  signer: KeyObject,
  issuer: Buffer,
  validity: Buffer,
  subject: Buffer,
  publicKey: KeyObject,
  extensions: Buffer[],
): Buffer {
  const version3 = tagged(0, true, integer(Buffer.from([2])));
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const serial = integer(Buffer.concat([Buffer.from([1]), randomBytes(15)]));
  const body = sequence(
    version3,
    serial,
    ECDSA_SHA256,
    issuer,
    validity,
    subject,
    spki,
    tagged(3, true, sequence(...extensions)),
  );
  return sequence(body, ECDSA_SHA256, bits(sign('sha256', body, signer)));
}

function name(commonName: string): Buffer {
  return sequence(set(sequence(oid('2.5.4.3'), utf8(commonName))));
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value));
}

function keyIdentifier(publicKey: KeyObject): Buffer {
  return extension('2.5.29.14', false, octets(keyDigest(publicKey)));
}

function keyDigest(publicKey: KeyObject): Buffer {
  return createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
}

function alternativeName(host: string): Buffer {
  if (isIP(host) === 4) return tagged(7, false, Buffer.from(host.split('.').map(Number)));
  return tagged(2, false, Buffer.from(host));
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
