import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { handshake, relay } from './websocket.ts';

/** A server that sends back each piece it receives, behind real sockets. */
let server: Server;
let port: number;
let ended: number;
let gone: Promise<unknown>[];

beforeEach(async () => {
  ended = 0;
  gone = [];
  server = createServer().on('upgrade', (request, socket, head) => {
    gone.push(once(socket, 'close'));
    const shake = handshake(request.headers);
    if (!shake.ok) {
      socket.end(`HTTP/1.1 500 ${shake.message.trim()}\r\n\r\n`);
      return;
    }
    socket.write(shake.head);
    relay(socket, head, stream => ({
      receive: bytes => (bytes.toString() === 'bye' ? stream.end() : stream.send(bytes)),
      closed: () => ended++,
    }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  ({ port } = server.address() as AddressInfo);
});

afterEach(async () => {
  server.close();
  await Promise.all([once(server, 'close'), ...gone]);
});

async function openSocket(protocols: string[] = ['binary']) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, protocols, { perMessageDeflate: true });
  await once(socket, 'open');
  return socket;
}

/** A connection whose handshake is done, for frames that no library would send. */
async function openRaw({ allowHalfOpen = false } = {}): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen });
  const lines = ['GET / HTTP/1.1', 'Host: x', 'Connection: upgrade', 'Upgrade: WebSocket', 'Sec-WebSocket-Version: 13'];
  socket.write(`${[...lines, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='].join('\r\n')}\r\n\r\n`);
  const [head] = await once(socket, 'data');
  expect(String(head)).toMatch(/^HTTP\/1\.1 101 /);
  return socket;
}

function masked(first: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

describe('the WebSocket of a console', () => {
  it('repeats the sub-protocol that was asked for, and offers no compression', async () => {
    const socket = await openSocket(['binary']);
    expect([socket.protocol, socket.extensions]).toEqual(['binary', '']);
    socket.close();
  });

  it('sends binary frames, for text too', async () => {
    const socket = await openSocket();
    socket.send('typed');
    const [data, isBinary] = await once(socket, 'message');
    expect([String(data), isBinary]).toEqual(['typed', true]);
    socket.close();
  });

  it.each([125, 126, 65_535, 65_536, 128 * 1024])('carries %i bytes in one frame', async length => {
    const socket = await openSocket();
    socket.send(Buffer.alloc(length, 9));
    const [data] = await once(socket, 'message');
    expect((data as Buffer).equals(Buffer.alloc(length, 9))).toBe(true);
    socket.close();
  });

  it('answers a ping', async () => {
    const socket = await openSocket();
    socket.ping('are you there');
    const [data] = await once(socket, 'pong');
    expect(String(data)).toBe('are you there');
    socket.close();
  });

  it('tells the console once that the viewer is gone', async () => {
    const socket = await openSocket();
    socket.terminate();
    await expect.poll(() => ended).toBe(1);
  });

  it('ends when the console does', async () => {
    const socket = await openSocket();
    socket.send('bye');
    await once(socket, 'close');
    await expect.poll(() => ended).toBe(1);
  });

  it('does not wait for a viewer that keeps its side open', async () => {
    const socket = await openRaw({ allowHalfOpen: true });
    socket.write(masked(0x82, Buffer.from('bye')));
    await expect.poll(() => ended).toBe(1);
    socket.destroy();
  });

  it.each([
    ['unmasked', Buffer.from([0x82, 1, 9])],
    ['a fragment', masked(0x02, Buffer.from('x'))],
    ['with a reserved bit', masked(0xc2, Buffer.from('x'))],
    ['of an unknown kind', masked(0x83, Buffer.from('x'))],
    ['larger than 128 KiB', Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0])],
  ])('ends for a frame that is %s', async (_, bytes) => {
    const socket = await openRaw();
    socket.write(bytes);
    socket.resume();
    await once(socket, 'close');
    await expect.poll(() => ended).toBe(1);
  });

  it('refuses other versions, other protocols and a missing key in words', () => {
    const headers = { upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'k' };
    expect(handshake({ ...headers, 'sec-websocket-version': '8' })).toEqual({
      ok: false,
      message: "unsupported websocket-version '8'\n",
    });
    expect(handshake({ ...headers, upgrade: 'h2c' })).toEqual({
      ok: false,
      message: "unable to upgrade to protocol 'h2c'\n",
    });
    expect(handshake({ ...headers, 'sec-websocket-key': undefined })).toEqual({
      ok: false,
      message: 'missing websocket-key\n',
    });
  });
});
