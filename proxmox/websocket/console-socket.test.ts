import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import * as tls from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { trusted } from '../testing/server.ts';
import type { ConsoleSocket } from './console-socket.ts';
import { openConsoleSocket, type UpgradeRequest } from './upgrade.ts';

let server: Server;
/** The server's ends of connections. */
let far: Socket;

beforeEach(() => {
  server = createServer(socket => {
    far = socket;
    socket.on('error', () => {});
  });
});

afterEach(async () => {
  far?.destroy();
  server.close();
  await once(server, 'close');
});

async function listen(): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const open = (port: number, change: Partial<UpgradeRequest> = {}) =>
  openConsoleSocket(async onread => connect({ port, host: '127.0.0.1', onread }), {
    target: '/api2/json/x?port=5900',
    headers: { host: 'pve.test:8006', authorization: 'PVEAPIToken=a@pve!t=s' },
    signal: AbortSignal.timeout(60_000),
    ...change,
  });

/** A server that answers each request with these bytes, where `{accept}` is what it should be. */
const answering = (text: string, more?: Buffer) => server.on('connection', socket => answer(socket, text, more));

function answer(socket: Socket, text: string, more: Buffer = Buffer.alloc(0)): void {
  socket.once('data', request => {
    const [, key = ''] = /Sec-WebSocket-Key: (.*)\r\n/.exec(String(request)) ?? [];
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(Buffer.concat([Buffer.from(text.replace('{accept}', accept)), more]));
  });
}

const switching =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n';

/** Everything that a socket says, once it is read. */
function collect(socket: ConsoleSocket): { text: () => string; closed: Promise<unknown[]> } {
  let text = '';
  socket.on('message', bytes => {
    text += String(bytes);
  });
  const closed = once(socket, 'close');
  socket.resume();
  return { text: () => text, closed };
}

describe('the wish for a WebSocket', () => {
  test('has what Proxmox asks for, and the token', async () => {
    const asked = once(server, 'connection').then(async ([socket]) => String((await once(socket, 'data'))[0]));
    answering(switching);
    const socket = await open(await listen());
    expect(await asked).toMatch(
      /^GET \/api2\/json\/x\?port=5900 HTTP\/1.1\r\nhost: pve.test:8006\r\nauthorization: PVEAPIToken=a@pve!t=s\r\n[\s\S]*Sec-WebSocket-Protocol: binary\r\n\r\n$/,
    );
    socket.terminate();
  });

  test('is not sent with a token that has more lines', async () => {
    const port = await listen();
    await expect(open(port, { headers: { authorization: 'a\r\nX: y' } })).rejects.toThrow(TypeError);
    await expect(open(port, { target: '/x y\n' })).rejects.toThrow(TypeError);
  });

  test.each<[what: string, answer: string, status: number]>([
    ['refuses', 'HTTP/1.1 401 permission denied - invalid PVEVNC ticket\r\n\r\n', 401],
    ['speaks no HTTP', 'RFB 003.008\n\r\n\r\n', 0],
    ['answers another request', switching.replace('{accept}', 'abc'), 101],
    [
      'wants to compress',
      switching.replace('\r\n\r\n', '\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n'),
      101,
    ],
    ['upgrades to something else', switching.replace('websocket', 'h2c'), 101],
    ['does not come to an end', `HTTP/1.1 101 X\r\nX: ${'x'.repeat(20_000)}`, 0],
  ])('fails where the server %s', async (_, answer, status) => {
    answering(answer);
    await expect(open(await listen())).rejects.toMatchObject({ name: 'NotUpgraded', status });
  });

  test('fails where the server hangs up, or says nothing until the deadline', async () => {
    server.once('connection', socket => socket.end());
    const port = await listen();
    await expect(open(port)).rejects.toMatchObject({ name: 'NotUpgraded' });
    const abort = new AbortController();
    const waiting = open(port, { signal: abort.signal });
    abort.abort(new Error('too late'));
    await expect(waiting).rejects.toThrow('too late');
  });
});

describe('a WebSocket to Proxmox', () => {
  test('loses nothing of what came with the answer, nor while it is paused', async () => {
    answering(switching, Buffer.from([0x82, 3, 0x61, 0x62, 0x63]));
    const socket = await open(await listen());
    far.write(Buffer.from([0x82, 1, 0x64]));
    await new Promise(resolve => setImmediate(resolve));
    const { text } = collect(socket);
    await expect.poll(text).toBe('abcd');
    let paused = '';
    socket.pause();
    far.write(Buffer.from([0x82, 1, 0x65]));
    await new Promise(resolve => setImmediate(resolve));
    paused = text();
    socket.resume();
    await expect.poll(text).toBe('abcde');
    expect(paused).toBe('abcd');
    socket.terminate();
  });

  test('loses nothing where it is paused while more was decrypted already', async () => {
    const { pem } = trusted;
    const secure = tls.createServer({ key: pem, cert: pem }, socket => {
      far = socket;
      socket.on('error', () => {});
    });
    secure.on('secureConnection', socket => answer(socket, switching));
    secure.listen(0, '127.0.0.1');
    await once(secure, 'listening');
    await listen();
    const { port } = secure.address() as AddressInfo;
    const socket = await openConsoleSocket(
      async onread => {
        const options = { port, host: '127.0.0.1', ca: pem, checkServerIdentity: () => undefined, onread };
        return tls.connect(options);
      },
      { target: '/', headers: { host: 'x' }, signal: AbortSignal.timeout(60_000) },
    );
    let received = 0;
    socket.on('message', ({ length }) => {
      received += length;
      socket.pause();
      setImmediate(() => socket.resume());
    });
    socket.resume();
    for (let sent = 0; sent < 40; sent++)
      far.write(Buffer.concat([Buffer.from([0x82, 126, 0x40, 0]), Buffer.alloc(16_384, sent)]));
    await expect.poll(() => received).toBe(40 * 16_384);
    socket.terminate();
    secure.close();
  });

  test('ends where the server sends what is no frame, hangs up, or closes, and says which', async () => {
    answering(switching);
    const port = await listen();
    const ends = async (end: () => void) => {
      const { closed } = collect(await open(port));
      end();
      return closed;
    };
    expect(await ends(() => far.write(Buffer.from([0x81, 1, 0x61])))).toEqual([
      1002,
      expect.stringMatching(/opcode 1/),
    ]);
    expect(await ends(() => far.end())).toEqual([1006, undefined]);
    expect(await ends(() => far.destroy())).toEqual([1006, undefined]);
    expect(await ends(() => far.write(Buffer.from([0x88, 2, 0x03, 0xe9])))).toEqual([1001, undefined]);
  });

  test('does not store up answers for a server that pings and does not read', async () => {
    answering(switching);
    const socket = await open(await listen());
    const { text } = collect(socket);
    far.pause();
    const pings = Buffer.concat(Array(10_000).fill(Buffer.from([0x89, 125, ...Array(125).fill(1)])));
    for (let flood = 0; flood < 10; flood++) far.write(pings);
    far.write(Buffer.from([0x82, 1, 0x61]));
    await expect.poll(text).toBe('a');
    expect(socket.bufferedAmount).toBeLessThan(70_000);
    socket.terminate();
  });

  describe('with a server that is known to be right', () => {
    let web: WebSocketServer;
    let accepted: WebSocket;
    let socket: ConsoleSocket;
    beforeEach(async () => {
      web = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
      await once(web, 'listening');
      [[accepted], socket] = (await Promise.all([
        once(web, 'connection'),
        open((web.address() as AddressInfo).port),
      ])) as [[WebSocket], ConsoleSocket];
      await listen();
    });
    afterEach(() => {
      socket.terminate();
      web.close();
    });

    test.each([0, 1, 125, 126, 65_535, 65_536, 200_000])('sends frames of %i bytes', async length => {
      const bytes = Buffer.from(Array.from({ length }, (_, at) => at % 251));
      const heard = once(accepted, 'message');
      socket.send(bytes);
      const [got, isBinary] = await heard;
      expect([got.equals(bytes), isBinary]).toEqual([true, true]);
    });

    test('answers pings, and hears the answers to its own', async () => {
      socket.resume();
      const answered = once(accepted, 'pong');
      accepted.ping('are you there');
      expect(String((await answered)[0])).toBe('are you there');
      const heard = once(socket, 'pong');
      socket.ping();
      await heard;
    });

    test('says with which code it leaves', async () => {
      socket.resume();
      const closed = once(accepted, 'close');
      socket.close(1000);
      expect((await closed)[0]).toBe(1000);
    });
  });
});
