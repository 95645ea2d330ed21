import { StringDecoder } from 'node:string_decoder';
import type { Guest } from './guest.ts';
import { createShell, type Shell } from './shell.ts';

/** The line `user:ticket` must fit in here, as in termproxy's buffer. */
const MAX_TICKET_LINE = 8192;

/** The number in front of a message has at most this many digits. */
const MAX_DIGITS = 20;

/** What a session needs from outside. */
export interface TerminalOptions {
  guest: Guest;
  /**
   * The line that the viewer must begin with: the identity that the console was opened for, and its ticket.
   * Empty: no line is right.
   */
  login: string;
  send(bytes: Buffer): void;
  /** The server is done with the connection. */
  end(): void;
}

/**
 * The server's side of a serial console as termproxy speaks it. The viewer sends `user:ticket` and a line's end and is
 * answered `OK`; then it sends `0:LENGTH:TEXT` for what was typed, `1:COLUMNS:ROWS:` for a new size and `2` to stay
 * alive, and receives what the terminal shows, without a frame.
 */
export class TerminalSession {
  readonly #options: TerminalOptions;
  readonly #shell: Shell;
  readonly #decoder = new StringDecoder();
  #received: Buffer = Buffer.alloc(0);
  #isAuthenticated = false;
  #isOpen = true;
  /** Bytes of the current text that have not arrived yet. */
  #remaining = 0;
  /** Columns and rows, as the viewer told them last. */
  size = { columns: 80, rows: 20 };

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.#shell = createShell(options.guest);
  }

  /** Takes what the viewer sent, in pieces of any size. */
  receive(bytes: Buffer): void {
    if (!this.#isOpen) return;
    this.#received = Buffer.concat([this.#received, bytes]);
    if (!this.#isAuthenticated) this.#readTicket();
    if (this.#isAuthenticated) this.#readMessages();
  }

  /** The connection is gone, or is to go. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#options.end();
  }

  #readTicket(): void {
    const end = this.#received.indexOf('\n');
    if (end < 0) {
      if (this.#received.length > MAX_TICKET_LINE) this.close();
      return;
    }
    const line = this.#received.subarray(0, end).toString();
    this.#received = this.#received.subarray(end + 1);
    if (line === '' || line !== this.#options.login) {
      this.close();
      return;
    }
    this.#isAuthenticated = true;
    this.#options.send(Buffer.from('OK'));
    this.#show(`starting serial terminal on interface serial0\r\n${this.#shell.prompt()}`);
  }

  #readMessages(): void {
    for (;;) {
      if (this.#remaining > 0) {
        const text = this.#received.subarray(0, this.#remaining);
        this.#skip(text.length);
        this.#remaining -= text.length;
        this.#show(this.#shell.type(this.#decoder.write(text)));
        if (this.#remaining > 0) return;
      }
      if (!this.#readHead()) return;
    }
  }

  /** Takes one head off the front; false while it is incomplete. Pings and what is no message are skipped. */
  #readHead(): boolean {
    const head = this.#received.subarray(0, 2 * MAX_DIGITS + 4).toString('latin1');
    if (head === '') return false;
    const [data, length] = /^0:(\d+):/.exec(head) ?? [];
    const [resize, columns, rows] = /^1:(\d+):(\d+):/.exec(head) ?? [];
    if (data === undefined && resize === undefined && /^[01](?::\d{0,20}){0,2}$/.test(head)) return false;
    if (data !== undefined) this.#remaining = Number(length);
    if (resize !== undefined) this.size = { columns: Number(columns), rows: Number(rows) };
    this.#skip((data ?? resize)?.length ?? 1);
    return true;
  }

  #skip(length: number): void {
    this.#received = this.#received.subarray(length);
  }

  #show(text: string): void {
    if (text !== '') this.#options.send(Buffer.from(text));
  }
}
