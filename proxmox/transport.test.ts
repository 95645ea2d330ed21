import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { data, failure, type Respond, raw, reset, startServer, type TestServer, trusted } from './testing/server.ts';
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

describe('a call that goes wrong', () => {
  /** The error of one call to a server that answers so. */
  async function errorOf(respond: Respond, method: 'GET' | 'POST' = 'POST', timeoutMs = 10_000): Promise<unknown> {
    await using server = await startServer(respond);
    await using transport = transportTo([server]);
    const params = { cipassword: secret };
    return await transport.request({ method, path: '/x', params, timeoutMs }).catch((error: unknown) => error);
  }

  const hang: Respond = () => {};
  const halfAnAnswer: Respond = (_, response) =>
    response.socket?.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"data":"UPI');

  test.each<[string, Respond]>([
    ['a reset', reset],
    ['half an answer', halfAnAnswer],
    ['596, the proxy having lost the daemon', raw('596 Broken pipe')],
    ['595, the proxy not reaching the node', raw('595 No route to host')],
    ['a gateway timeout', raw('504 Gateway Timeout', '<html>')],
  ])('leaves the outcome of a write unknown: %s', async (_, respond) => {
    expect(await errorOf(respond)).toMatchObject({ kind: 'transient', outcomeUnknown: true });
  });

  test('leaves the outcome of a write unknown: no answer before the deadline', async () => {
    const error = await errorOf(hang, 'POST', 100);
    expect(error).toMatchObject({ kind: 'transient', status: 0, outcomeUnknown: true });
    expect(String(error)).toContain('no answer before the deadline');
  });

  test('leaves the outcome of a write unknown: an answer that is not the API', async () => {
    expect(await errorOf(raw('200 OK', '<html>Sign in</html>'))).toMatchObject({
      kind: 'failed',
      outcomeUnknown: true,
    });
  });

  test('is over when its caller gives up', async () => {
    const arrived = Promise.withResolvers<void>();
    await using server = await startServer(() => arrived.resolve());
    await using transport = transportTo([server]);
    const giveUp = new AbortController();
    const call = transport.request({ method: 'POST', path: '/x', signal: giveUp.signal });
    await arrived.promise;
    giveUp.abort(new Error('shutting down'));
    await expect(call).rejects.toMatchObject({ kind: 'transient', reason: 'shutting down', outcomeUnknown: true });
  });

  test('of a read has no outcome to be unknown', async () => {
    expect(await errorOf(raw('596 Broken pipe'), 'GET')).toMatchObject({ kind: 'transient', outcomeUnknown: false });
  });

  test('with an empty body speaks by its status line', async () => {
    const error = await errorOf(raw('401 Authentication failed!'));
    expect(error).toMatchObject({ kind: 'unauthenticated', status: 401, reason: 'Authentication failed!' });
    expect(error).toMatchObject({ outcomeUnknown: false });
  });

  test('with a plain text body speaks by its status line', async () => {
    const text = "Unexpected content for method 'DELETE'";
    expect(await errorOf(raw(`501 ${text}`, text))).toMatchObject({ kind: 'invalid', status: 501, reason: text });
  });

  test('keeps all lines of a message, of which the status line has the first', async () => {
    const message = "clone failed: 400 Parameter verification failed.\ntarget: can't lock file 'x' - got timeout";
    expect(await errorOf(failure(500, message))).toMatchObject({ kind: 'locked', status: 500, reason: message });
  });

  test('names the refused parameters', async () => {
    const errors = { name: 'invalid format - value does not look like a valid DNS name\n' };
    const error = await errorOf(failure(400, 'Parameter verification failed.', errors));
    expect(error).toMatchObject({ kind: 'invalid', errors });
    expect(String(error)).toContain('(name: invalid format - value does not look like a valid DNS name)');
  });

  test('is not led elsewhere by a redirect', async () => {
    await using elsewhere = await startServer(data('gotcha'));
    const redirect: Respond = (_, response) => response.writeHead(302, { location: elsewhere.origin }).end();
    expect(await errorOf(redirect, 'GET')).toMatchObject({ kind: 'invalid', status: 302 });
    expect(elsewhere.requests).toEqual([]);
  });

  test('is cut off at 32 MiB', async () => {
    const flood: Respond = (_, response) => {
      response.on('error', () => {});
      response.end(`{"data":"${'x'.repeat(33 * 1024 * 1024)}"}`);
    };
    expect(await errorOf(flood, 'GET')).toMatchObject({ kind: 'transient', status: 0 });
  });

  test.each<[string, Respond]>([
    ['refused', raw('401 Authentication failed!')],
    ['reset', reset],
    ['timed out', hang],
    ['not HTTP', raw('nonsense')],
  ])('tells no secret when it is %s', async (_, respond) => {
    const error = await errorOf(respond, 'GET', 500);
    expect(error).toBeInstanceOf(Error);
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('canary');
  });
});

describe('sending again', () => {
  const firstThen = (first: Respond, then: Respond): Respond => {
    let calls = 0;
    return (...args) => (calls++ === 0 ? first : then)(...args);
  };

  test('a read is sent once more when its connection is lost', async () => {
    await using server = await startServer(firstThen(reset, data('again')));
    await using transport = transportTo([server]);
    expect(await transport.request({ method: 'GET', path: '/version' })).toBe('again');
    expect(server.requests).toHaveLength(2);
  });

  test('a read is sent no third time', async () => {
    await using server = await startServer(reset);
    await using transport = transportTo([server]);
    await expect(transport.request({ method: 'GET', path: '/version' })).rejects.toMatchObject({ kind: 'transient' });
    expect(server.requests).toHaveLength(2);
  });

  test.each(['POST', 'PUT', 'DELETE'] as const)('a %s never is', async method => {
    await using first = await startServer(reset);
    await using second = await startServer(data('twice'));
    await using transport = transportTo([first, second]);
    await expect(transport.request({ method, path: '/x' })).rejects.toMatchObject({ outcomeUnknown: true });
    expect(first.requests).toHaveLength(1);
    expect(second.requests).toHaveLength(0);
  });
});

describe('several endpoints', () => {
  /** A server that is not there any more. */
  async function gone(): Promise<TestServer> {
    const server = await startServer(data('gone'));
    await server[Symbol.asyncDispose]();
    return server;
  }

  test.each(['GET', 'POST'] as const)('a %s goes to the next one where a connection is refused', async method => {
    await using second = await startServer(data('second'));
    await using transport = transportTo([await gone(), second]);
    expect(await transport.request({ method, path: '/x' })).toBe('second');
  });

  test('the one that answered is asked first from then on', async () => {
    await using second = await startServer(data('second'));
    const seen: ObservedCall[] = [];
    await using transport = transportTo([await gone(), second], { observe: call => seen.push(call) });
    for (let i = 0; i < 3; i++) await transport.request({ method: 'GET', path: '/x' });
    expect(seen.map(({ status }) => status)).toEqual([0, 200, 200, 200]);
  });

  test('one that takes connections and says nothing is passed over, a write not having been sent', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const origin = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    await using second = await startServer(data('second'));
    await using transport = transportTo([second], { endpoints: [origin, second.origin], connectTimeoutMs: 200 });
    expect(await transport.request({ method: 'POST', path: '/x' })).toBe('second');
    silent.close();
  });

  test('with none that answers nothing was sent, and each is named', async () => {
    const [first, second] = [await gone(), await gone()];
    await using transport = transportTo([first, second]);
    const error = await transport.request({ method: 'POST', path: '/x' }).catch((error: unknown) => error);
    expect(error).toMatchObject({ kind: 'transient', status: 0, outcomeUnknown: false });
    expect(String(error)).toContain(new URL(first.origin).host);
    expect(String(error)).toContain(new URL(second.origin).host);
  });

  test('a refusal by Proxmox is an answer, and goes no further', async () => {
    await using first = await startServer(failure(403, 'Permission check failed (/vms/100, VM.Audit)'));
    await using second = await startServer(data('second'));
    await using transport = transportTo([first, second]);
    await expect(transport.request({ method: 'GET', path: '/x' })).rejects.toMatchObject({ kind: 'denied' });
    expect(second.requests).toEqual([]);
  });
});
