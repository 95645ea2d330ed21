import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { Agent, request } from 'undici';
import { expect, it, onTestFinished } from 'vitest';
import { selfSignedCertificate } from './certificate.ts';

it('a self-signed certificate is its own authority and names its hosts', () => {
  const certificate = new X509Certificate(selfSignedCertificate(['127.0.0.1', 'localhost']).certificate);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.ca).toBe(true);
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(certificate.checkHost('localhost')).toBe('localhost');
  expect(certificate.checkHost('elsewhere')).toBeUndefined();
  expect(certificate.validFromDate.getTime()).toBeLessThan(Date.now());
  expect(certificate.validToDate.getTime()).toBeGreaterThan(Date.now());
});

it('with many host names it counts lengths in as few bytes as DER wants, which Go insists on', () => {
  const many = Array.from({ length: 40 }, (_, index) => `host-${index}.example`);
  for (const count of [5, 10, 15, 20, 40]) {
    const { certificate } = selfSignedCertificate(['127.0.0.1', ...many.slice(0, count)]);
    const { subjectAltName, raw } = new X509Certificate(certificate);
    expect(subjectAltName?.split(', ')).toHaveLength(count + 1);
    expect(needlesslyLongLengths(raw)).toEqual([]);
  }
});

/** Lengths in DER, nested ones too, that would fit in fewer bytes than they take. */
function needlesslyLongLengths(der: Buffer): number[] {
  const [tag = 0, first = 0] = der;
  if (der.length === 0) return [];
  const extra = first > 0x80 ? first - 0x80 : 0;
  const length = extra > 0 ? der.readUIntBE(2, extra) : first;
  const body = der.subarray(2 + extra, 2 + extra + length);
  const isConstructed = (tag & 0x20) !== 0;
  const tooLong = extra > 0 && length < (extra === 1 ? 0x80 : 0x100);
  const inside = isConstructed ? needlesslyLongLengths(body) : [];
  const after = needlesslyLongLengths(der.subarray(2 + extra + length));
  return [...(tooLong ? [length] : []), ...inside, ...after];
}

it('a TLS client that trusts the certificate talks to a server that uses it', async () => {
  const { key, certificate } = selfSignedCertificate(['127.0.0.1']);
  const server = createServer({ key, cert: certificate }, (_, response) => response.end('hello')).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  const agent = new Agent({ connect: { ca: certificate } });
  onTestFinished(async () => {
    await agent.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const { body } = await request(`https://127.0.0.1:${port}`, { dispatcher: agent });
  expect(await body.text()).toBe('hello');
});
