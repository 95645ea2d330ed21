import { describe, expect, test } from 'vitest';
import { data, type Identity, startServer, stranger, trusted } from './testing/server.ts';
import { createTransport } from './transport.ts';
import type { Trust } from './trust.ts';

const token = () => 'berth@pve!operator=secret';

/** What comes of a call to a server of some identity, and how many requests it saw. */
async function callTo(identity: Identity, tls: Trust) {
  await using server = await startServer(data('hello'), identity);
  await using transport = createTransport({ endpoints: [server.origin], token, tls });
  const outcome = await transport.request({ method: 'POST', path: '/version' }).catch((error: unknown) => error);
  return { outcome, seen: server.requests.length };
}

describe('F142: TLS to Proxmox is always verified', () => {
  test.each<[string, Trust]>([
    ['its authority', { caBundle: trusted.pem }],
    ['the fingerprint of its certificate', { fingerprintSHA256: trusted.fingerprint }],
    [
      'a fingerprint in lower case without colons',
      {
        fingerprintSHA256: trusted.fingerprint.replaceAll(':', '').toLowerCase(),
      },
    ],
    ['both', { caBundle: trusted.pem, fingerprintSHA256: trusted.fingerprint }],
  ])('a server is trusted by %s', async (_, tls) => {
    expect(await callTo(trusted, tls)).toEqual({ outcome: 'hello', seen: 1 });
  });

  test.each<[string, Identity, Trust, string]>([
    ['no authority of ours signed', trusted, {}, 'self-signed certificate'],
    ['another authority signed', trusted, { caBundle: stranger.pem }, 'self-signed certificate'],
    ['is for another host', stranger, { caBundle: stranger.pem }, 'does not match certificate'],
    ['has another fingerprint', stranger, { fingerprintSHA256: trusted.fingerprint }, stranger.fingerprint],
    [
      'is pinned, but not signed by the authority that is asked for as well',
      trusted,
      { caBundle: stranger.pem, fingerprintSHA256: trusted.fingerprint },
      'self-signed certificate',
    ],
  ])('a certificate that %s gets no request, thus no token', async (_, identity, tls, reason) => {
    const { outcome, seen } = await callTo(identity, tls);
    expect(outcome).toMatchObject({ kind: 'unauthenticated', status: 0, outcomeUnknown: false });
    expect(String(outcome)).toContain(reason);
    expect(seen).toBe(0);
  });

  test('each new connection is compared anew', async () => {
    await using server = await startServer((_, response) =>
      response.setHeader('connection', 'close').end('{"data":1}'),
    );
    const tls = { fingerprintSHA256: trusted.fingerprint };
    await using transport = createTransport({ endpoints: [server.origin], token, tls });
    for (let i = 0; i < 3; i++) expect(await transport.request({ method: 'GET', path: '/version' })).toBe(1);
    expect(server.connections).toBe(3);
  });

  test.each(['', 'AB:CD', `${'A'.repeat(63)}G`])('%j is refused as a fingerprint', fingerprintSHA256 => {
    const create = () => createTransport({ endpoints: ['https://pve1:8006'], token, tls: { fingerprintSHA256 } });
    expect(create).toThrow('64 hexadecimal digits');
  });

  test.each(['http://pve1:8006', 'pve1:8006', 'https://root:pw@pve1:8006', 'https://pve1:8006/api2'])(
    '%s is refused as an endpoint',
    endpoint => {
      expect(() => createTransport({ endpoints: [endpoint], token, tls: {} })).toThrow('https://host:8006');
    },
  );
});
