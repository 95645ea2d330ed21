import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Answer, Headers } from '../http/message.ts';
import { decodeForm } from '../http/parameters.ts';
import { type Served, type ServeOptions, serve } from '../http/server.ts';
import { Workers } from '../http/workers.ts';
import { authorizationOf, Lab, ROOT } from '../testing/lab.ts';

const FORM = 'application/x-www-form-urlencoded';
const CONFIG = '/nodes/pve1/qemu/100/config';

let lab: Lab;
let served: Served | undefined;

beforeEach(() => {
  lab = new Lab();
});

afterEach(async () => {
  await served?.close();
  served = undefined;
});

/** A request as it was read, with the identity of root's token. */
function ask(method: string, path: string, headers: Headers = {}, body?: string): Promise<Answer> {
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  return lab.until(
    lab.simulator.handle({
      method,
      target: `/api2/json${path}`,
      headers: { authorization: authorizationOf(ROOT), ...length, ...headers },
      ...(body !== undefined && { body }),
    }),
  );
}

async function open(options: ServeOptions = {}): Promise<TLSSocket> {
  served ??= await serve(lab.simulator, options);
  const socket = connect({ host: '127.0.0.1', port: served.port, ca: served.ca, ALPNProtocols: ['h2', 'http/1.1'] });
  await once(socket, 'secureConnect');
  return socket;
}

const requestText = (path: string, extra: string[] = []) =>
  [`GET /api2/json${path} HTTP/1.1`, `Authorization: ${authorizationOf(ROOT)}`, ...extra, '', ''].join('\r\n');

/** One more answer of a connection, whole. */
async function read(socket: TLSSocket): Promise<string> {
  let text = '';
  for (;;) {
    const [data] = (await once(socket, 'data')) as [Buffer];
    text += data.toString('latin1');
    const [head = '', body] = text.split('\r\n\r\n');
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (body !== undefined && body.length >= length) return text;
  }
}

/** All that comes until the server closes. */
async function readToEnd(socket: TLSSocket): Promise<string> {
  let text = '';
  socket.on('data', (data: Buffer) => {
    text += data.toString('latin1');
  });
  await once(socket, 'close');
  return text;
}

describe('(i) a connection', () => {
  it('speaks HTTP/1 and nothing newer', async () => {
    const socket = await open();
    expect(socket.alpnProtocol).not.toBe('h2');
    socket.write('GET /api2/json/version\r\n\r\n');
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.0 400 bad request\r\n/);
    const newer = await open();
    newer.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    expect(await readToEnd(newer)).toMatch(/^HTTP\/1\.0 506 http protocol version 2\.0 not supported\r\n/);
  });

  it('stays open after an answer that is no failure, without a word on for how long', async () => {
    const socket = await open();
    for (let count = 0; count < 2; count++) {
      socket.write(requestText('/version'));
      const answer = await read(socket);
      expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(answer).toMatch(/\r\nConnection: Keep-Alive\r\n/);
      expect(answer).not.toMatch(/\r\nKeep-Alive:/i);
    }
    socket.destroy();
  });

  it('is closed after every answer from 400 on', async () => {
    const socket = await open();
    socket.write(requestText('/version?foo=1'));
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 400 [\s\S]*\r\nConnection: close\r\n/);
  });

  it('is closed where the client asks for it, or speaks HTTP/1.0', async () => {
    const socket = await open();
    socket.write(requestText('/version', ['Connection: close']));
    expect(await readToEnd(socket)).toMatch(/\r\nConnection: close\r\n/);
    const old = await open();
    old.write(requestText('/version').replace('HTTP/1.1', 'HTTP/1.0'));
    expect(await readToEnd(old)).toMatch(/\r\nConnection: close\r\n/);
  });

  it('is closed after 100 requests', async () => {
    const socket = await open();
    let last = '';
    for (let count = 0; count < 100; count++) {
      expect(last).not.toMatch(/Connection: close/);
      socket.write(requestText('/version'));
      last = await read(socket);
    }
    expect(last).toMatch(/\r\nConnection: close\r\n/);
  });

  it('is closed when nothing moves on it, between requests and inside one', async () => {
    const idle = await open({ idleMs: 500 });
    idle.write(requestText('/version'));
    expect(await readToEnd(idle)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    const slow = await open();
    slow.write('GET /api2/json/version HTTP/1.1\r\nAuth');
    expect(await readToEnd(slow)).toBe('');
  });

  it('goes with its worker, which is replaced after 1000 requests', () => {
    const workers = new Workers();
    const sockets = Array.from({ length: 3 }, () => ({}) as TLSSocket);
    for (const socket of sockets) workers.count(socket);
    const [first, second] = sockets as [TLSSocket, TLSSocket];
    for (let count = 1; count < 1000; count++) {
      expect(workers.isRetiring(first)).toBe(false);
      workers.count(first);
    }
    expect([workers.isRetiring(first), workers.isRetiring(second)]).toEqual([true, false]);
    const next = {} as TLSSocket;
    workers.count(next);
    expect(workers.isRetiring(next)).toBe(false);
  });
});

describe('(i) a head', () => {
  const lines = (count: number) => Array.from({ length: count - 2 }, (_, index) => `X-${index}: 1`);

  it('of 63 lines with the empty one is read, of 64 is left alone until the connection is idle', async () => {
    const enough = await open({ idleMs: 500 });
    enough.write(requestText('/version', lines(63)));
    expect(await readToEnd(enough)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    const tooMany = await open();
    tooMany.write(requestText('/version', lines(64)));
    expect(await readToEnd(tooMany)).toBe('');
  });

  it.each([8192, 65_536])('of %i bytes is left alone too', async bytes => {
    const socket = await open({ idleMs: 500 });
    socket.on('error', () => {});
    socket.write(requestText('/version', [`X: ${'x'.repeat(bytes)}`]));
    expect(await readToEnd(socket)).toBe('');
  });
});

describe('(i) a body', () => {
  it('has at most 512 KiB', async () => {
    const tooLong = 'a'.repeat(512 * 1024 + 1);
    const { status, reason } = await ask('POST', '/pools', { 'content-type': FORM }, tooLong);
    expect([status, reason]).toEqual([501, 'for data too large']);
  });

  it('does not come in chunks', async () => {
    const { status, reason } = await ask('POST', '/pools', { 'transfer-encoding': 'chunked' });
    expect([status, reason]).toEqual([501, 'chunked transfer encoding not supported']);
  });

  it.each(['GET', 'DELETE'])('is nothing that %s may have', async method => {
    const { status, reason, body } = await ask(method, '/version', {}, 'x=1');
    expect([status, reason, body]).toEqual([
      501,
      `Unexpected content for method '${method}'`,
      `Unexpected content for method '${method}'`,
    ]);
  });

  it.each([
    ['no type', {}, 'poolid=new'],
    ['a form', { 'content-type': `${FORM}; charset=UTF-8` }, 'poolid=new'],
    ['JSON', { 'content-type': 'application/json' }, '{"poolid":"new"}'],
  ])('of %s is read', async (_what, headers, body) => {
    expect((await ask('POST', '/pools', headers, body)).status).toBe(200);
    expect(lab.state.pools).toHaveProperty('new');
  });

  it('of another type is 506', async () => {
    const { status, reason } = await ask('POST', '/pools', { 'content-type': 'text/plain' }, 'poolid=new');
    expect([status, reason]).toEqual([506, "upload 'Content-Type 'text/plain' not implemented"]);
  });

  it('counts less than the query', async () => {
    await ask('POST', '/pools?poolid=query', { 'content-type': FORM }, 'poolid=body');
    expect(Object.keys(lab.state.pools)).toEqual(['team', 'query']);
  });
});

describe('(i) a form', () => {
  it('is split at & and at ;, and a value ends at a second equals sign', () => {
    expect(decodeForm('a=1&b=2;c=x=y')).toEqual({ a: '1', b: '2', c: 'x' });
  });

  it('has + for a blank, and a list where a key is repeated', () => {
    expect(decodeForm('a=x+y%2B&b=1&b=2&b=3')).toEqual({ a: 'x y+', b: ['1', '2', '3'] });
  });

  it('has an undefined value for a key alone, and an empty one after an equals sign [seen on 8.4]', async () => {
    expect(decodeForm('a&b=')).toEqual({ a: undefined, b: '' });
    const { body } = await ask('GET', '/nodes/pve1/qemu?full=');
    expect(JSON.parse(body).errors).toEqual({ full: "type check ('boolean') failed - got ''" });
  });
});

describe('(i) an answer', () => {
  const get = async (extra: string[]) => {
    const socket = await open();
    socket.write(requestText('/cluster/resources', [...extra, 'Connection: close']));
    return readToEnd(socket);
  };

  it('is compressed where it has more than a KiB and the client takes that', async () => {
    const plain = await get([]);
    expect(plain).not.toMatch(/content-encoding/i);
    const [, body = ''] = plain.split('\r\n\r\n');
    expect(body.length).toBeGreaterThan(1024);
    const [head = '', zipped = ''] = (await get(['Accept-Encoding: gzip'])).split('\r\n\r\n');
    expect(head).toMatch(/\r\nContent-Encoding: gzip/);
    const rest = Buffer.from(zipped, 'latin1');
    expect(JSON.parse(gunzipSync(rest).toString()).data).toEqual(JSON.parse(body).data);
  });
});

describe('(i) a call that waits', () => {
  const busy = () => [101, 102, 9000].map(vmid => lab.send('PUT', `/nodes/pve1/qemu/${vmid}/config`, { cores: 2 }));
  const hold = (vmid: number) => lab.simulator.world.locks.seize(`/var/lock/qemu-server/lock-${vmid}.conf`);

  it('has one of the three workers of pvedaemon for itself: the fourth call waits for one', async () => {
    for (const vmid of [101, 102, 9000]) hold(vmid);
    const waiting = busy();
    const fourth = await lab.put(CONFIG, { cores: 2 });
    expect([fourth.status, fourth.ms]).toEqual([200, 10_000]);
    for (const each of waiting) expect((await lab.until(each)).reason).toMatch(/got timeout$/);
  });

  it('keeps neither pveproxy nor other nodes from answering', async () => {
    for (const vmid of [101, 102, 9000]) hold(vmid);
    const waiting = busy();
    expect((await lab.get(CONFIG)).ms).toBe(0);
    expect((await lab.get('/nodes/pve2/qemu')).ms).toBe(0);
    for (const each of waiting) await lab.until(each);
  });

  it('is given up by pveproxy with 596 after 30 s, and goes on', async () => {
    for (const vmid of [101, 102, 9000]) hold(vmid);
    const waiting = [busy(), busy(), busy()].flat();
    const late = lab.send('PUT', CONFIG, { cores: 7 });
    const release = hold(100);
    const { status, reason, ms, answer } = await lab.until(late);
    expect([status, reason, ms, answer.body]).toEqual([596, 'Connection timed out', 30_000, '']);
    release();
    for (const each of waiting) await lab.until(each);
    lab.clock.advance(1000);
    expect(lab.vm(100).config.current.cores).toBe('7');
  });
});

describe('(i) the certificate', () => {
  it('is one that OpenSSL accepts under its authority, for the name and the address', async () => {
    const socket = await open();
    expect(socket.authorized).toBe(true);
    const { subjectaltname, valid_to, serialNumber, fingerprint256 } = socket.getPeerCertificate();
    expect(subjectaltname).toBe('IP Address:127.0.0.1, DNS:localhost');
    expect(valid_to).toMatch(/GMT$/);
    expect(serialNumber).toMatch(/^01/);
    expect(fingerprint256).toBe(served?.fingerprint);
    socket.destroy();
  });
});
