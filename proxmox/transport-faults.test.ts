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
    const error = await errorOf(hang, 'POST', 2_000);
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
    await using transport = transportTo([second], { endpoints: [origin, second.origin], connectTimeoutMs: 2_000 });
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
