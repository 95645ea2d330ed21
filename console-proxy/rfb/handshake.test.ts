import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RawData } from 'ws';
import { ByteReader } from '../byte-reader.ts';
import { type SocketPair, socketPair } from '../testing/sockets.ts';
import { letIn, logIn } from './handshake.ts';
import { answerChallenge } from './vnc-auth.ts';

let pair: SocketPair;
let deadline: AbortController;

beforeEach(async () => {
  pair = await socketPair();
  deadline = new AbortController();
});

afterEach(() => pair.close());

/** Answers what was sent to the other end so far. */
function heard(end: 'asked' | 'accepted'): () => Buffer {
  const received: Buffer[] = [];
  pair[end].on('message', (data: RawData) => received.push(data as Buffer));
  pair[end].resume();
  return () => Buffer.concat(received);
}

const reader = (end: 'asked' | 'accepted') => new ByteReader(pair[end], deadline.signal);
const version = Buffer.from('RFB 003.008\n');
const challenge = Buffer.alloc(16, 3);

describe('logging in to a server', () => {
  test('answers its challenge with the password', async () => {
    const sent = heard('accepted');
    pair.accepted.send(Buffer.concat([version, Buffer.from([1, 2]), challenge, Buffer.alloc(4)]));
    await logIn(pair.asked, reader('asked'), 'password');
    pair.asked.close();
    await expect.poll(sent).toEqual(Buffer.concat([version, Buffer.from([2]), answerChallenge(challenge, 'password')]));
  });

  test('takes bytes one by one, and keeps what comes after', async () => {
    for (const byte of Buffer.concat([version, Buffer.from([2, 19, 1]), Buffer.alloc(4), Buffer.from('picture')])) {
      pair.accepted.send(Buffer.from([byte]));
    }
    const bytes = reader('asked');
    await logIn(pair.asked, bytes, '');
    expect((await bytes.read(7)).toString()).toBe('picture');
  });

  const uint32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  test.each<[what: string, said: Buffer]>([
    ['speaks another language', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')],
    ['speaks an old version', Buffer.from('RFB 003.003\n')],
    ['refuses with 4 GB of reason', Buffer.concat([version, Buffer.from([0]), uint32(0xffffffff), Buffer.alloc(2048)])],
    ['offers 255 unknown ways', Buffer.concat([version, Buffer.from([255]), Buffer.alloc(255, 77)])],
    ['does not let us in', Buffer.concat([version, Buffer.from([1, 2]), challenge, uint32(1)])],
    [
      'writes HTML in its reason',
      Buffer.concat([version, Buffer.from([0]), uint32(24), Buffer.from('<img src=x onerror=a()>\n')]),
    ],
  ])('ends with a word for the log where the server %s', async (_, said) => {
    pair.accepted.send(said);
    await expect(logIn(pair.asked, reader('asked'), 'password')).rejects.toMatchObject({ name: 'ProtocolError' });
  });

  test('ends where the server closes, or says nothing until the deadline', async () => {
    const waiting = logIn(pair.asked, reader('asked'), 'password');
    deadline.abort(new Error('too late'));
    await expect(waiting).rejects.toThrow('too late');
    const again = new ByteReader(pair.asked, new AbortController().signal);
    pair.accepted.resume();
    pair.accepted.close();
    await expect(logIn(pair.asked, again, '')).rejects.toMatchObject({ name: 'ProtocolError' });
  });
});

describe('letting a viewer in', () => {
  test('asks for no password, and tells the server that others may stay', async () => {
    pair.asked.send(Buffer.concat([version, Buffer.from([1, 0])]));
    expect([...(await letIn(pair.accepted, reader('accepted')))]).toEqual([1]);
  });

  test.each([
    ['an old version', Buffer.from('RFB 003.003\n')],
    ['a password', Buffer.concat([version, Buffer.from([2])])],
  ])('refuses %s', async (_, said) => {
    pair.asked.send(said);
    await expect(letIn(pair.accepted, reader('accepted'))).rejects.toMatchObject({ name: 'ProtocolError' });
  });
});
