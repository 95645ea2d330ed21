import { once } from 'node:events';
import { connect } from 'node:tls';
import { ByteReader } from '#console-proxy/byte-reader.ts';
import { answerChallenge } from '#console-proxy/rfb/vnc-auth.ts';
import type { ConsoleSocket } from '#proxmox/websocket/console-socket.ts';
import { openConsoleSocket } from '#proxmox/websocket/upgrade.ts';

const version = Buffer.from('RFB 003.008\n');

/** Typed and taken back in turns, so that there is always something to see. */
const keysyms = [0x61, 0xff08];

/** Pictures that are asked for ahead, so that nobody waits for the way there and back. */
const ahead = 4;

/** A viewer that looks at nothing, and counts. */
export class BenchViewer {
  readonly #socket: ConsoleSocket;
  readonly #width: number;
  readonly #height: number;
  #bytes = 0;
  #presses = 0;
  #onBytes: () => void = () => {};

  private constructor(socket: ConsoleSocket, width: number, height: number) {
    this.#socket = socket;
    this.#width = width;
    this.#height = height;
    socket.on('message', ({ length }) => {
      this.#bytes += length;
      this.#onBytes();
    });
    socket.resume();
  }

  /** Connects to a WebSocket of this machine, whatever the name in its certificate. */
  static connect(url: string, ca: string, headers: Record<string, string> = {}): Promise<ConsoleSocket> {
    const { host, port, pathname } = new URL(url);
    const checkServerIdentity = () => undefined;
    return openConsoleSocket(
      async onread => {
        const options = { host: '127.0.0.1', port: Number(port), ca, checkServerIdentity, onread };
        const socket = connect(options);
        await once(socket, 'secureConnect');
        return socket;
      },
      { target: pathname, headers: { host, ...headers }, signal: AbortSignal.timeout(30_000) },
    );
  }

  /** Logs in, by password where one is asked for. */
  static async logIn(socket: ConsoleSocket, password = ''): Promise<BenchViewer> {
    const reader = new ByteReader(socket, AbortSignal.timeout(30_000));
    await reader.read(version.length);
    socket.send(version);
    const [count = 0] = await reader.read(1);
    const [type = 1] = await reader.read(count);
    socket.send(Buffer.from([type]));
    if (type === 2) socket.send(answerChallenge(await reader.read(16), password));
    await reader.read(4);
    socket.send(Buffer.from([1]));
    const head = await reader.read(24);
    await reader.read(head.readUInt32BE(20));
    reader.release();
    return new BenchViewer(socket, head.readUInt16BE(0), head.readUInt16BE(2));
  }

  /** MB that it has seen. */
  get seenMB(): number {
    return this.#bytes / 1e6;
  }

  /** Takes so many whole pictures, and answers how many MB came in a second. */
  async throughput(pictures: number): Promise<number> {
    const size = 16 + this.#width * this.#height * 4;
    const startedAt = performance.now();
    const before = this.#bytes;
    let asked = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const ask = () => {
      const seen = Math.floor((this.#bytes - before) / size);
      for (; asked < Math.min(seen + ahead, pictures); asked++) this.#ask(false);
      if (this.#bytes - before >= pictures * size) resolve();
    };
    this.#onBytes = ask;
    ask();
    await promise;
    this.#onBytes = () => {};
    return (this.#bytes - before) / 1000 / (performance.now() - startedAt);
  }

  /** Presses a key, and answers after how many ms the picture has changed. */
  async press(): Promise<number> {
    this.#ask(true);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onBytes = resolve;
    const startedAt = performance.now();
    for (const isDown of [1, 0]) {
      const message = Buffer.from([4, isDown, 0, 0, 0, 0, 0, 0]);
      message.writeUInt32BE(keysyms[this.#presses % 2] ?? 0, 4);
      this.#socket.send(message);
    }
    await promise;
    this.#onBytes = () => {};
    this.#presses += 1;
    return performance.now() - startedAt;
  }

  close(): void {
    this.#socket.terminate();
  }

  #ask(isIncremental: boolean): void {
    const message = Buffer.from([3, isIncremental ? 1 : 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    message.writeUInt16BE(this.#width, 6);
    message.writeUInt16BE(this.#height, 8);
    this.#socket.send(message);
  }
}
