import { describe, expect, test } from 'vitest';
import { data, failure, raw, startServer, type TestServer, trusted } from './testing/server.ts';
import { createTransport, type ObservedCall, type TransportOptions } from './transport.ts';

const secret = '7a1e5f1c-canary-secret';
const token = () => `berth@pve!operator=${secret}`;

function transportTo(servers: readonly TestServer[], options: Partial<TransportOptions> = {}) {
  const endpoints = servers.map(({ origin }) => origin);
  return createTransport({ endpoints, token, tls: { caBundle: trusted.pem }, ...options });
}

describe('a call over HTTPS', () => {
  test('of a write has its parameters in a form, with a length', async () => {
    await using server = await startServer(data('UPID'));
    await using transport = transportTo([server]);
    const params = { tags: 'a;b', full: true };
    expect(await transport.request({ method: 'POST', path: '/nodes/pve1/qemu/9000/clone', params })).toBe('UPID');
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      target: '/api2/json/nodes/pve1/qemu/9000/clone',
      body: 'tags=a%3Bb&full=1',
      headers: {
        authorization: `PVEAPIToken=${token()}`,
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': '17',
      },
    });
    expect(server.requests[0]?.headers).not.toHaveProperty('transfer-encoding');
  });

  test('of a write without parameters has a length all the same', async () => {
    await using server = await startServer(data(null));
    await using transport = transportTo([server]);
    await transport.request({ method: 'POST', path: '/nodes/pve1/qemu/100/status/start' });
    expect(server.requests[0]).toMatchObject({ body: '', headers: { 'content-length': '0' } });
  });

  test.each(['GET', 'DELETE'] as const)('by %s has its parameters in the query, and no body', async method => {
    await using server = await startServer(data(null));
    await using transport = transportTo([server]);
    await transport.request({ method, path: '/nodes/pve1/qemu/100', params: { purge: true } });
    expect(server.requests[0]).toMatchObject({ method, target: '/api2/json/nodes/pve1/qemu/100?purge=1', body: '' });
    expect(server.requests[0]?.headers).not.toHaveProperty('content-type');
  });

  test('reuses connections: one is free again a moment after its answer, so that two alternate', async () => {
    await using server = await startServer(data(1));
    await using transport = transportTo([server]);
    for (let i = 0; i < 20; i++) await transport.request({ method: 'GET', path: '/version' });
    expect(server.connections).toBeLessThanOrEqual(2);
  });

  test('leaves a connection before Proxmox closes it after a hundred requests', async () => {
    await using server = await startServer(data(1));
    await using transport = transportTo([server], { connections: 1 });
    for (let i = 0; i < 100; i++) await transport.request({ method: 'GET', path: '/version' });
    expect(server.connections).toBe(2);
  });

  test('goes on with a new connection after Proxmox closed one behind a failure', async () => {
    const answers = [failure(500, 'VM is locked (backup)'), data('fine')];
    await using server = await startServer((...args) => answers.shift()?.(...args));
    await using transport = transportTo([server]);
    await expect(transport.request({ method: 'PUT', path: '/x' })).rejects.toMatchObject({ kind: 'locked' });
    expect(await transport.request({ method: 'PUT', path: '/x' })).toBe('fine');
  });

  test('goes on with a new connection after Proxmox closed an idle one', async () => {
    const closed = Promise.withResolvers<void>();
    await using server = await startServer((_, response, tcp) => {
      tcp.once('close', closed.resolve);
      response.end('{"data":1}', () => tcp.end());
    });
    await using transport = transportTo([server]);
    await transport.request({ method: 'POST', path: '/x' });
    await closed.promise;
    expect(await transport.request({ method: 'POST', path: '/x' })).toBe(1);
    expect(server.connections).toBe(2);
  });

  test('F144: takes up a rotated token with the next request', async () => {
    let current = 'berth@pve!operator=old';
    await using server = await startServer(data(1));
    await using transport = transportTo([server], { token: () => current });
    await transport.request({ method: 'GET', path: '/version' });
    current = 'berth@pve!operator=new';
    await transport.request({ method: 'GET', path: '/version' });
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      'PVEAPIToken=berth@pve!operator=old',
      'PVEAPIToken=berth@pve!operator=new',
    ]);
  });

  test.each(['', 'berth@pve', 'berth@pve!operator', 'berth@pve!operator=a\r\nX-Evil: 1'])(
    'is not sent with %j for a token',
    async bad => {
      await using server = await startServer(data(1));
      await using transport = transportTo([server], { token: () => bad });
      const call = transport.request({ method: 'GET', path: '/version' });
      await expect(call).rejects.toMatchObject({ kind: 'unauthenticated', outcomeUnknown: false });
      expect(server.requests).toEqual([]);
    },
  );

  test('is observed with its route, status and duration', async () => {
    const answers = [data(1), failure(500, 'VM is locked (backup)'), raw('not HTTP')];
    const seen: ObservedCall[] = [];
    await using server = await startServer((...args) => answers.shift()?.(...args));
    await using transport = transportTo([server], { observe: call => seen.push(call) });
    const call = {
      method: 'PUT',
      path: '/nodes/pve1/qemu/1/config',
      route: '/nodes/{node}/qemu/{vmid}/config',
    } as const;
    await transport.request(call);
    await expect(transport.request(call)).rejects.toThrow();
    await expect(transport.request(call)).rejects.toThrow();
    expect(seen).toEqual([200, 500, 0].map(status => ({ ...call, status, durationMs: expect.any(Number) })));
  });

  test('that is under way ends before the transport is closed', async () => {
    const arrived = Promise.withResolvers<() => void>();
    await using server = await startServer((_, response) => arrived.resolve(() => response.end('{"data":"done"}')));
    const transport = transportTo([server]);
    const call = transport.request({ method: 'POST', path: '/x' });
    const answer = await arrived.promise;
    const closed = transport.close();
    answer();
    expect(await call).toBe('done');
    await closed;
    await expect(transport.request({ method: 'POST', path: '/x' })).rejects.toMatchObject({ kind: 'transient' });
  });
});
