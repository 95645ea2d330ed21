/** A server sent what is no frame, or one that nobody agreed on. The message is for the log. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** What is in a server's frames. Bytes are the reader's own, and are good until the handler returns. */
export interface FrameHandlers {
  /** The next bytes of the stream: a data frame, or a part of one. */
  data: (bytes: Buffer) => void;
  ping: (payload: Buffer) => void;
  pong: () => void;
  /** The code that the server closes with, 1005 where it gave none. Nothing is read after that. */
  close: (code: number) => void;
}

const continuation = 0;
const binary = 2;
const close = 8;
const ping = 9;
const pong = 10;

/** Nothing is kept of a frame, but one that is announced longer than this is no picture: Proxmox' have 128 KiB. */
const mostFrameBytes = 16 * 2 ** 20;

/** RFC 6455, 5.5. */
const mostControlBytes = 125;

const longestHead = 10;
const nothing = Buffer.alloc(0);

/**
 * Takes the frames off what a WebSocket server sends (RFC 6455, 5.2) without waiting for the end of one. That a message
 * may have several is of no interest to a stream of bytes.
 */
export class FrameReader {
  readonly #handlers: FrameHandlers;
  /** What has come of the head of the next frame. */
  readonly #head = Buffer.alloc(longestHead);
  #headLength = 0;
  #opcode = binary;
  /** Bytes of the frame in hand that are still to come; its head is whole then. */
  #left = 0;
  /** What has come of a control frame, which is read as a whole. */
  #control: Buffer = nothing;
  #isWithinMessage = false;
  #isClosed = false;

  constructor(handlers: FrameHandlers) {
    this.#handlers = handlers;
  }

  /** Takes what was received, cut anywhere. @throws FrameError */
  take(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && !this.#isClosed; ) {
      if (this.#left === 0) {
        this.#head[this.#headLength++] = bytes[at++] ?? 0;
        if (this.#headLength === headLengthOf(this.#head, this.#headLength)) this.#begin();
        continue;
      }
      const part = bytes.subarray(at, at + this.#left);
      at += part.length;
      this.#left -= part.length;
      if (this.#opcode < close) this.#handlers.data(part);
      else this.#control = Buffer.concat([this.#control, part]);
      if (this.#left === 0) this.#end();
    }
  }

  /** The head is whole. */
  #begin(): void {
    const [first = 0, second = 0] = this.#head;
    this.#headLength = 0;
    this.#opcode = first & 0x0f;
    const isLast = (first & 0x80) !== 0;
    if ((first & 0x70) !== 0) throw new FrameError('a frame has reserved bits');
    if ((second & 0x80) !== 0) throw new FrameError('a server masks a frame');
    this.#left = lengthOf(this.#head);
    if (this.#opcode >= close) {
      if (!isLast || this.#left > mostControlBytes) throw new FrameError('a control frame is cut or too long');
      if (this.#opcode > pong) throw new FrameError(`a frame has the opcode ${this.#opcode}`);
    } else {
      const expected = this.#isWithinMessage ? continuation : binary;
      if (this.#opcode !== expected) throw new FrameError(`a frame has the opcode ${this.#opcode}, not ${expected}`);
      if (this.#left > mostFrameBytes) throw new FrameError(`a frame has ${this.#left} bytes`);
      this.#isWithinMessage = !isLast;
    }
    if (this.#left === 0) this.#end();
  }

  /** The frame is over. */
  #end(): void {
    if (this.#opcode < close) return;
    const payload = this.#control;
    this.#control = nothing;
    if (this.#opcode === ping) this.#handlers.ping(payload);
    else if (this.#opcode === pong) this.#handlers.pong();
    else {
      if (payload.length === 1) throw new FrameError('a close has half a code');
      this.#isClosed = true;
      this.#handlers.close(payload.length === 0 ? 1005 : payload.readUInt16BE());
    }
  }
}

/** How long the head is, as far as that is known; a server's has no mask. */
function headLengthOf(head: Buffer, known: number): number {
  if (known < 2) return 2;
  const short = (head[1] ?? 0) & 0x7f;
  return short === 126 ? 4 : short === 127 ? longestHead : 2;
}

function lengthOf(head: Buffer): number {
  const short = (head[1] ?? 0) & 0x7f;
  return short === 126 ? head.readUInt16BE(2) : short === 127 ? Number(head.readBigUInt64BE(2)) : short;
}
