import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RawData, WebSocket } from 'ws';
import type { ConsoleSocket } from '#proxmox/websocket/console-socket.ts';
import { ProtocolError } from './byte-reader.ts';
import type { ClientFilter } from './client-filter.ts';
import { type Relay, relay } from './relay.ts';
import { consolePair, type SocketPair, socketPair } from './testing/sockets.ts';

const passAll: ClientFilter = { take: bytes => ({ pass: bytes, typed: true }) };

/** More than a side may have waiting, and what a frame and the rest of a read add. */
const most = (1 << 20) + 256 * 1024;

let browser: SocketPair;
let proxmox: SocketPair<ConsoleSocket>;
let running: Relay;

function start(filter = passAll): void {
  running = relay({ client: browser.accepted, upstream: proxmox.asked, filter });
}

beforeEach(async () => {
  [browser, proxmox] = await Promise.all([socketPair(), consolePair()]);
});

afterEach(async () => {
  running.stop();
  await Promise.all([browser.close(), proxmox.close()]);
});

const eventually = (ask: () => void): Promise<void> => vi.waitFor(ask, { timeout: 60_000, interval: 10 });

/** Collects what an end receives. */
function collect(socket: WebSocket): () => Buffer {
  const received: Buffer[] = [];
  socket.on('message', (data: RawData) => received.push(data as Buffer));
  socket.resume();
  return () => Buffer.concat(received);
}

describe('a relay', () => {
  test('passes bytes on in both directions, in frames of their own', async () => {
    start();
    const seen = collect(browser.asked);
    const asked = collect(proxmox.accepted);
    proxmox.accepted.send(Buffer.from('picture'));
    browser.asked.send(Buffer.from('key'));
    await eventually(() => expect([seen().toString(), asked().toString()]).toEqual(['picture', 'key']));
    expect(running.bytes).toEqual({ in: 3, out: 7 });
  });

  test.each(['client', 'upstream'] as const)('tells when the %s closes, and with which code', async side => {
    start();
    const end = side === 'client' ? browser.asked : proxmox.accepted;
    // Who closes hears the answer to it.
    end.resume();
    end.close(1000);
    expect(await running.ended).toEqual({ side, code: 1000 });
  });

  test('tells of a socket that was closed before it began', async () => {
    proxmox.asked.terminate();
    await eventually(() => expect(proxmox.asked.readyState).not.toBe(proxmox.asked.OPEN));
    start();
    expect(await running.ended).toEqual({ side: 'upstream', code: 1006 });
  });

  test('passes on a message that comes in fragments with pings between them, and answers those', async () => {
    start();
    const seen = collect(browser.asked);
    const answered = once(proxmox.accepted, 'pong');
    proxmox.accepted.resume();
    proxmox.accepted.send(Buffer.from('pic'), { fin: false });
    proxmox.accepted.ping('still there');
    proxmox.accepted.send(Buffer.from('ture'), { fin: true });
    expect(String((await answered)[0])).toBe('still there');
    await eventually(() => expect(seen().toString()).toBe('picture'));
  });

  test('passes on what came before a close, though nobody has taken it yet', async () => {
    start();
    const picture = Buffer.alloc(300_000, 7);
    proxmox.accepted.resume();
    proxmox.accepted.send(picture);
    proxmox.accepted.send(Buffer.from('the end'));
    proxmox.accepted.close(1001);
    expect(await running.ended).toEqual({ side: 'upstream', code: 1001 });
    running.stop();
    browser.accepted.resume();
    browser.accepted.close(4000, 'MachineStopped');
    const closed = once(browser.asked, 'close');
    const seen = collect(browser.asked);
    expect([(await closed)[0], seen().equals(Buffer.concat([picture, Buffer.from('the end')]))]).toEqual([4000, true]);
  });

  test('ends where Proxmox sends text', async () => {
    start();
    proxmox.accepted.send('<script>');
    expect(await running.ended).toMatchObject({ side: 'upstream', code: 1002, violation: expect.anything() });
  });

  test('ends where a client does not speak as agreed', async () => {
    const filter: ClientFilter = {
      take: () => {
        throw new ProtocolError('not that');
      },
    };
    start(filter);
    browser.asked.send('x');
    expect(await running.ended).toEqual({ side: 'client', code: 1002, violation: 'not that' });
  });
});

describe('a side that does not read', () => {
  const frame = Buffer.alloc(64 * 1024, 7);

  test('does not fill the memory with the pictures of a flooding server', async () => {
    start();
    let flooded = 0;
    // The browser's end stays paused: it reads nothing.
    for (let sent = 0; sent < 1_000; sent++) proxmox.accepted.send(frame);
    await eventually(() => expect(proxmox.asked.isPaused).toBe(true));
    for (let look = 0; look < 50; look++) {
      flooded = Math.max(flooded, browser.accepted.bufferedAmount);
      await new Promise(resolve => setImmediate(resolve));
    }
    expect(flooded).toBeLessThanOrEqual(most);
    const seen = collect(browser.asked);
    await eventually(() => {
      expect(seen().length).toBe(1_000 * frame.length);
      expect(proxmox.asked.isPaused).toBe(false);
    });
  });

  test('does not fill the memory with what a flooding client sends', async () => {
    start();
    let flooded = 0;
    for (let sent = 0; sent < 1_000; sent++) browser.asked.send(frame);
    await eventually(() => expect(browser.accepted.isPaused).toBe(true));
    for (let look = 0; look < 50; look++) {
      flooded = Math.max(flooded, proxmox.asked.bufferedAmount);
      await new Promise(resolve => setImmediate(resolve));
    }
    expect(flooded).toBeLessThanOrEqual(most);
    const asked = collect(proxmox.accepted);
    await eventually(() => expect(asked().length).toBe(1_000 * frame.length));
  });
});

describe('a side that is gone without a word', () => {
  afterEach(() => vi.useRealTimers());

  test.each(['client', 'upstream'] as const)('ends the relay: the %s answers no ping', async side => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    start();
    // Its far end is paused and so answers nothing; the other one's does.
    const [other, farEnd] = side === 'client' ? [proxmox.asked, proxmox.accepted] : [browser.accepted, browser.asked];
    farEnd.resume();
    for (let ping = 0; ping < 3; ping++) {
      const answered = once(other, 'pong');
      vi.advanceTimersByTime(20_000);
      await answered;
    }
    expect(await running.ended).toEqual({ side, code: 1006 });
  });
});
