import type { RawData } from 'ws';

/** The other side spoke, but not as agreed; the message is for the log. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** What bytes come from: a WebSocket of `ws`, or Proxmox' own, whose bytes are good until the listener returns. */
export interface ByteSource {
  readonly readyState: number;
  readonly OPEN: number;
  pause: () => void;
  resume: () => void;
  on(event: 'message', listener: (data: RawData) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  off(event: 'message', listener: (data: RawData) => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

/** Longer than anything that is read by length: a server's reason for a refusal. */
const mostBytes = 64 * 1024;

/** Reads a given number of bytes at a time from a socket, while two sides agree on how to go on. */
export class ByteReader {
  readonly #socket: ByteSource;
  readonly #signal: AbortSignal;
  #received: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};

  /** The socket is resumed while somebody waits for bytes, and paused else. */
  constructor(socket: ByteSource, signal: AbortSignal) {
    this.#socket = socket;
    this.#signal = signal;
    socket.on('message', this.#take);
    socket.on('close', this.#stir);
    signal.addEventListener('abort', this.#stir);
  }

  /** The next bytes. Rejects with ProtocolError where the other side closes before, and with the signal's reason. */
  async read(length: number): Promise<Buffer> {
    if (length > mostBytes) throw new ProtocolError(`${length} bytes are too many`);
    while (this.#received.length < length) {
      this.#signal.throwIfAborted();
      if (this.#socket.readyState !== this.#socket.OPEN) throw new ProtocolError('the connection was closed');
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      this.#socket.resume();
      await promise;
    }
    const bytes = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return bytes;
  }

  /** Lets go of the socket, which is paused then, and answers what was read beyond. */
  release(): Buffer {
    this.#socket.pause();
    this.#socket.off('message', this.#take);
    this.#socket.off('close', this.#stir);
    this.#signal.removeEventListener('abort', this.#stir);
    return this.#received;
  }

  readonly #take = (data: RawData) => {
    this.#socket.pause();
    this.#received = Buffer.concat([this.#received, bytesOf(data)]);
    this.#wake();
  };

  readonly #stir = () => this.#wake();
}

/** A message's bytes; `ws` gives a Buffer unless told otherwise. */
export const bytesOf = (data: RawData): Buffer =>
  Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
