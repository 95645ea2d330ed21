/** Frames are as long at most as Proxmox' own. */
const mostFrameBytes = 128 * 1024;

/** Buffers that were sent, of all consoles, for the next picture. */
const spare: Buffer[] = [];
const mostSpare = 32;

/** Sends what is gathered; `onSent` gives the bytes back. */
export type Send = (frame: Buffer, onSent: (error?: Error | null) => void) => void;

/** Gathers what comes in one turn of the event loop, so that it goes out in one frame, one TLS write, one system call. */
export class Gatherer {
  readonly #send: Send;
  #buffer: Buffer | undefined;
  #length = 0;
  #later: NodeJS.Immediate | undefined;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Takes a copy of bytes. */
  add(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      this.#buffer ??= spare.pop() ?? Buffer.allocUnsafeSlow(mostFrameBytes);
      const copied = bytes.copy(this.#buffer, this.#length, at);
      at += copied;
      this.#length += copied;
      if (this.#length === mostFrameBytes) this.flush();
    }
    if (this.#length > 0) this.#later ??= setImmediate(() => this.flush());
  }

  /** Sends what there is. */
  flush(): void {
    clearImmediate(this.#later);
    this.#later = undefined;
    const [buffer, length] = [this.#buffer, this.#length];
    if (!buffer) return;
    this.#buffer = undefined;
    this.#length = 0;
    this.#send(buffer.subarray(0, length), error => {
      // Who knows what still holds it where the connection broke.
      if (!error && spare.length < mostSpare) spare.push(buffer);
    });
  }
}
