import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { z } from 'zod';

/** QEMU answers its monitor within this time, or not at all. */
const ANSWER_MS = 5000;

const message = z.object({
  id: z.number().optional(),
  return: z.unknown().optional(),
  error: z.object({ desc: z.string() }).optional(),
});

/** QEMU's machine protocol over its socket: commands and their answers; events are passed over. */
export class Qmp {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: z.infer<typeof message>) => void>();
  #lastId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    let received = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (received + text).split('\n');
      received = lines.pop() ?? '';
      for (const line of lines) this.#take(line);
    });
  }

  #take(line: string): void {
    const answer = message.parse(JSON.parse(line));
    if (answer.id === undefined) return;
    this.#waiting.get(answer.id)?.(answer);
    this.#waiting.delete(answer.id);
  }

  /** Connects to the socket at `path` and leaves the negotiation behind; rejects where nobody listens there. */
  static async connect(path: string): Promise<Qmp> {
    const socket = createConnection(path);
    await once(socket, 'connect');
    // QEMU ends the connection when it quits, which is no error of ours.
    socket.on('error', () => socket.destroy());
    const qmp = new Qmp(socket);
    await qmp.execute('qmp_capabilities');
    return qmp;
  }

  /** Resolves with what the command returns; rejects with QEMU's words, or when no answer comes. */
  execute(command: string, parameters: Record<string, unknown> = {}): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`QEMU did not answer ${command}`));
      }, ANSWER_MS);
      this.#waiting.set(id, answer => {
        clearTimeout(timer);
        if (answer.error) reject(new Error(`${command}: ${answer.error.desc}`));
        else resolve(answer.return);
      });
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: parameters, id })}\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}
