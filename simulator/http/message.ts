/** Header values by lower-case name. */
export type Headers = Record<string, string | undefined>;

/** A request, already read whole from its connection. */
export interface Request {
  method: string;
  /** As in the request line: path and query, percent-encoded. */
  target: string;
  headers: Headers;
  body?: Buffer | string;
  /** The node whose API was called; the first one unless given. */
  node?: string;
  /** The client's address. */
  peer?: string;
}

/** What the connection gets. */
export interface Answer {
  status: number;
  /** The reason phrase: one line. */
  reason: string;
  /** By the name as it is written. */
  headers: Record<string, string>;
  body: string;
  /** The server closes the connection after this answer. */
  close: boolean;
  /** The route that was called, such as `GET /nodes/{node}/qemu`; absent where there is none. */
  route?: string;
  /** Instead of an answer: the connection is reset, or refused before anything was read. */
  broken?: 'reset' | 'refused';
  /** The connection becomes a console's WebSocket. */
  upgrade?: ConsoleUpgrade;
}

/** A console that was granted and waits for its WebSocket. */
export interface ConsoleUpgrade {
  kind: 'vnc' | 'terminal';
  vmid: number;
  port: number;
  /** The VNC password, or the whole ticket that a terminal asks for. */
  secret: string;
  authid: string;
  /** To be called when the WebSocket closes: the console's task then ends. */
  closed: () => void;
}

/** An answer whose body is its text, or that has none, as those of the HTTP server itself. */
export function plainAnswer(status: number, text: string, withBody = true): Answer {
  const [reason = ''] = text.split('\n');
  return { status, reason, headers: {}, body: withBody ? text : '', close: status >= 400 };
}
