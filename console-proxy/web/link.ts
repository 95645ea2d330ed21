import { button, notify } from './dom.ts';
import { messages, sentenceFor } from './messages.ts';
import { powerButtons } from './power.ts';
import { openSocket, type SessionInfo } from './session.ts';

/** What the page does with connections. */
export interface LinkHandlers {
  /** Begins to show the console of a connection that is being made. */
  attach: (socket: WebSocket) => void;
  /** The connection is gone. */
  detach: () => void;
}

/** Waits before tries to come back, in ms; together less than the minute that a session waits for its page. */
const waits = [500, 1_000, 2_000, 4_000, 6_000, 8_000, 10_000, 12_000];

/** Codes to close with: the first ends the session, the other one keeps it for the next connection. */
const leaves = 1000;
const comesBack = 4001;

/** A connection that shows nothing for so long is told of, in ms. */
const patience = 20_000;

/** Ends after which the console may be there again. */
const passing = new Set(['Draining', 'Away', 'ProxmoxFailed', 'MachineStopped', 'Busy', 'Unavailable']);

/** Keeps a page connected: tells why a connection ended, and tries again where that can help. */
export class Link {
  readonly #info: SessionInfo;
  readonly #handlers: LinkHandlers;
  #socket: WebSocket | undefined;
  #tries = 0;
  /** Tries again later, or loses patience. */
  #timer = 0;
  #wantsToLeave = false;

  constructor(info: SessionInfo, handlers: LinkHandlers) {
    this.#info = info;
    this.#handlers = handlers;
  }

  connect(): void {
    this.#wantsToLeave = false;
    const said = messages();
    if (this.#tries === 0) notify([said.connecting]);
    this.#drop(comesBack);
    const socket = openSocket();
    this.#socket = socket;
    socket.addEventListener('open', () => {
      if (this.#socket !== socket) return;
      this.#timer = window.setTimeout(() => notify([said.silent], this.#again()), patience);
    });
    socket.addEventListener('close', ({ code, reason }) => {
      if (this.#socket !== socket) return;
      this.#drop();
      this.#closed(code === 4000 ? reason : 'Away');
    });
    this.#handlers.attach(socket);
  }

  /** The console shows something: what was to be said is over. */
  isShown(): void {
    clearTimeout(this.#timer);
    this.#tries = 0;
    const isViewOnly = this.#info.mode === 'ViewOnly';
    notify(isViewOnly ? [messages().viewOnlyMode] : []);
    if (isViewOnly) setTimeout(() => notify([]), 4_000);
  }

  /** Ends the connection for good, if it is still this one: what comes is nothing that can be shown. */
  fail(reason: string, socket = this.#socket): void {
    if (!socket || this.#socket !== socket) return;
    this.#drop();
    notify([sentenceFor(reason), messages().newOne]);
  }

  leave(): void {
    this.#wantsToLeave = true;
    clearTimeout(this.#timer);
    if (this.#socket) this.#socket.close(leaves);
    else this.#closed('Closed');
  }

  #closed(reason: string): void {
    const said = messages();
    if (this.#wantsToLeave) {
      notify([said.Closed, said.newOne]);
      return;
    }
    const wait = passing.has(reason) ? waits[this.#tries] : undefined;
    const power = reason === 'MachineStopped' ? powerButtons(this.#info.portals, ['Start']) : [];
    if (wait === undefined) {
      notify([sentenceFor(reason), said.newOne], ...power);
      return;
    }
    this.#tries += 1;
    this.#timer = window.setTimeout(() => this.connect(), wait);
    const lines = [sentenceFor(reason), ...(reason === 'MachineStopped' ? [] : [said.reconnecting])];
    notify(lines, ...power, this.#again());
  }

  #again(): HTMLElement {
    return button(messages().again, () => this.connect());
  }

  /** Lets go of the connection, and of what was to come of it. */
  #drop(code = leaves): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = undefined;
    socket.close(code);
    this.#handlers.detach();
  }
}
