import { EventEmitter } from 'node:events';
import type { OnReadOpts, Socket } from 'node:net';
import { FrameError, FrameReader } from './frame-reader.ts';
import { maskedFrame } from './masked-frame.ts';

/** What a connection reads into, all of them: the bytes are taken before another one reads. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** A server that has so much to take gets no answer to its pings. */
const mostWaitingForPong = 64 * 1024;

/** `message` has bytes that are good until the listener returns; `close` a code and, maybe, what the server did wrong. */
interface Events {
  message: [bytes: Buffer];
  pong: [];
  close: [code: number, violation?: string];
}

/**
 * The client's side of a WebSocket that is a stream of bytes. It is used as one of `ws` is, but hands on what it reads as
 * it comes and allocates nothing for it: pictures pass through here by the gigabyte, and what is made for each piece of
 * them has to be looked for by the garbage collector. It begins paused.
 */
export class ConsoleSocket extends EventEmitter<Events> {
  readonly OPEN = 1 as const;
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  #isOpen = true;
  #isPaused = true;
  /** What came after it was paused: at most what was decrypted in one go. */
  #held: Buffer[] = [];

  /** @param early What was read with the answer to the upgrade. */
  constructor(socket: Socket, incoming: Incoming, early: Buffer) {
    super();
    this.#socket = socket;
    this.#reader = new FrameReader({
      data: bytes => this.emit('message', bytes),
      ping: payload => {
        if (socket.writableLength < mostWaitingForPong) socket.write(maskedFrame(10, payload));
      },
      pong: () => this.emit('pong'),
      close: code => {
        this.#write(8, code === 1005 ? Buffer.alloc(0) : codeBytes(code));
        socket.end();
        this.#closed(code);
      },
    });
    this.#held.push(Buffer.from(early));
    socket.pause();
    socket.setNoDelay();
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#closed(1006));
    incoming.take = bytes => this.#take(bytes);
  }

  get readyState(): 1 | 3 {
    return this.#isOpen ? 1 : 3;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Bytes that wait to be sent. */
  get bufferedAmount(): number {
    return this.#socket.writableLength;
  }

  /** Sends a frame; the options are those of `ws`, and of no use here. */
  send(bytes: Buffer, _options?: object, onSent?: (error?: Error | null) => void): void {
    this.#write(2, bytes, onSent);
  }

  ping(): void {
    this.#write(9, Buffer.alloc(0));
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    while (!this.#isPaused) {
      const bytes = this.#held.shift();
      if (!bytes) break;
      this.#read(bytes);
    }
    if (!this.#isPaused) this.#socket.resume();
  }

  /** Says goodbye, without a reason; what comes after is nobody's. */
  close(code: number, _reason?: string): void {
    this.#write(8, codeBytes(code));
    this.#isOpen = false;
    this.#socket.end();
  }

  terminate(): void {
    this.#socket.destroy();
  }

  #write(opcode: 2 | 8 | 9, payload: Buffer, onSent?: (error?: Error | null) => void): void {
    if (this.#isOpen && this.#socket.writable) this.#socket.write(maskedFrame(opcode, payload), onSent);
  }

  #take(bytes: Buffer): void {
    if (this.#isPaused) this.#held.push(Buffer.from(bytes));
    else this.#read(bytes);
  }

  #read(bytes: Buffer): void {
    if (!this.#isOpen) return;
    try {
      this.#reader.take(bytes);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#socket.destroy();
      this.#closed(1002, error.message);
    }
  }

  #closed(code: number, violation?: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.emit('close', code, violation);
  }
}

/** Where what a connection reads goes; it is told to the connection before that is made. */
export class Incoming {
  take: (bytes: Buffer) => void = () => {};

  /** For `net.connect` or `tls.connect`. */
  readonly onread: OnReadOpts = {
    buffer: readBuffer,
    callback: count => {
      this.take(readBuffer.subarray(0, count));
      return true;
    },
  };
}

function codeBytes(code: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(code);
  return bytes;
}
