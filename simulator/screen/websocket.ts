import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';

/** Larger payloads end the connection [PVE::APIServer::AnyEvent, websocket_proxy]. */
const MAX_PAYLOAD = 128 * 1024;

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** Header values by lower-case name. */
type Headers = Record<string, string | string[] | undefined>;

/** The answer to a wish for a WebSocket, or the text of the 500 that is answered instead. */
export type Handshake = { ok: true; head: string } | { ok: false; message: string };

/** Answers as pveproxy does: version 13 alone, and the sub-protocol that was asked for, whatever it is. */
export function handshake(headers: Headers): Handshake {
  const header = (name: string) => String(headers[name] ?? '');
  const upgrade = header('upgrade').toLowerCase();
  if (upgrade !== 'websocket') return { ok: false, message: `unable to upgrade to protocol '${upgrade}'\n` };
  const version = header('sec-websocket-version');
  if (version !== '13') return { ok: false, message: `unsupported websocket-version '${version}'\n` };
  const key = header('sec-websocket-key');
  if (key === '') return { ok: false, message: 'missing websocket-key\n' };
  const protocol = header('sec-websocket-protocol');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: upgrade',
    `Sec-WebSocket-Accept: ${createHash('sha1').update(`${key}${MAGIC}`).digest('base64')}`,
    ...(protocol === '' ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
  ];
  return { ok: true, head: `${lines.join('\r\n')}\r\n\r\n` };
}

/** Bytes without frames, as the console behind the WebSocket sees them. */
export interface ByteStream {
  send(bytes: Buffer): void;
  end(): void;
}

/** Who takes the bytes. `closed` is called once. */
export interface ByteReceiver {
  receive(bytes: Buffer): void;
  closed(): void;
}

/**
 * Relays bytes over a socket whose handshake is done: one binary frame for each `send`, and in the other direction
 * text and binary frames alike. A frame that is fragmented, unmasked, too large, or has reserved bits, ends it.
 * @param early What the HTTP parser had read beyond the request.
 */
export function relay(socket: Duplex, early: Buffer, open: (stream: ByteStream) => ByteReceiver): void {
  let received: Buffer = Buffer.alloc(0);
  const receiver = open({
    send: bytes => {
      // The viewer may have left while the screen was still talking.
      if (!socket.writable) return;
      socket.cork();
      for (let at = 0; at < bytes.length; at += MAX_PAYLOAD) {
        const payload = bytes.subarray(at, at + MAX_PAYLOAD);
        socket.write(head(BINARY, payload.length));
        socket.write(payload);
      }
      socket.uncork();
    },
    end: finish,
  });
  socket.on('data', take);
  socket.on('error', () => socket.destroy());
  socket.on('end', finish);
  socket.on('close', () => receiver.closed());
  take(early);

  /** Sends what is left and does not wait for the other side to close. */
  function finish(): void {
    socket.end(() => socket.destroy());
  }

  function take(bytes: Buffer): void {
    received = Buffer.concat([received, bytes]);
    for (let next = readFrame(received); next !== undefined; next = readFrame(received)) {
      if (next === 'broken') {
        socket.destroy();
        return;
      }
      received = received.subarray(next.length);
      act(next);
    }
  }

  function act({ opcode, payload }: Frame): void {
    if (opcode === TEXT || opcode === BINARY) receiver.receive(payload);
    else if (opcode === PING) socket.write(Buffer.concat([head(PONG, payload.length), payload]));
    else if (opcode === CLOSE) finish();
    else if (opcode !== PONG) socket.destroy();
  }
}

interface Frame {
  opcode: number;
  payload: Buffer;
  /** Of the whole frame. */
  length: number;
}

/** The frame in front; undefined while it is incomplete. */
function readFrame(received: Buffer): Frame | 'broken' | undefined {
  if (received.length < 2) return undefined;
  const [first = 0, second = 0] = received;
  const isWhole = (first & 0x80) !== 0;
  const hasReservedBits = (first & 0x70) !== 0;
  const isMasked = (second & 0x80) !== 0;
  if (!isWhole || hasReservedBits || !isMasked) return 'broken';
  const short = second & 0x7f;
  const start = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (received.length < start) return undefined;
  const size = short === 126 ? received.readUInt16BE(2) : short === 127 ? Number(received.readBigUInt64BE(2)) : short;
  if (size > MAX_PAYLOAD) return 'broken';
  const length = start + 4 + size;
  if (received.length < length) return undefined;
  const mask = received.subarray(start, start + 4);
  const payload = Buffer.from(received.subarray(start + 4, length));
  for (let at = 0; at < payload.length; at++) payload[at] = (payload[at] ?? 0) ^ (mask[at % 4] ?? 0);
  return { opcode: first & 0x0f, payload, length };
}

/** What stands before the payload of a whole, unmasked frame. */
function head(opcode: number, length: number): Buffer {
  const bytes = Buffer.alloc(length < 126 ? 2 : length <= 0xffff ? 4 : 10);
  bytes[0] = 0x80 | opcode;
  if (length < 126) bytes[1] = length;
  else if (length <= 0xffff) {
    bytes[1] = 126;
    bytes.writeUInt16BE(length, 2);
  } else {
    bytes[1] = 127;
    bytes.writeBigUInt64BE(BigInt(length), 2);
  }
  return bytes;
}
