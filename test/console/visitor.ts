import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'undici';
import { type RawData, WebSocket } from 'ws';
import { type ConsoleSession, consoleSessions } from '#api/kinds.ts';
import { lookup } from '#cli/console/lookup.ts';
import { Viewer } from '#simulator/screen/viewer.ts';
import { eventually } from '../eventually.ts';
import { type ConsoleLab, portalOrigin } from './lab.ts';
import { sessionFor } from './session.ts';

/** A session that can be opened, and the secret for it. */
export interface Invitation {
  name: string;
  url: string;
  verifier: string;
}

/** What came of an attempt to open one. */
export interface Opened {
  status: number;
  /** `name=value` of the cookie, or ''. */
  cookie: string;
  location: string;
  text: string;
  headers: Record<string, unknown>;
}

/** How a request differs from a right one: absent is right, null is without. */
export interface Change {
  origin?: string | null;
  cookie?: string;
  /** Another replica behind the same address. */
  port?: number;
}

/** Makes a session as somebody whom the API server would know by that name, and waits until it can be opened. */
export async function invite(
  { kube, namespace }: ConsoleLab,
  requester: string,
  change: Partial<ConsoleSession['spec']> = {},
): Promise<Invitation> {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const made = sessionFor(namespace, { vmName: 'web', requester, challenge, ...change });
  await kube.create<ConsoleSession>(consoleSessions, made);
  const { name } = made.metadata;
  const url = await eventually(async () => {
    const { status } = await kube.get<ConsoleSession>(consoleSessions, { namespace, name });
    if (!status?.url) throw new Error(JSON.stringify(status?.conditions));
    return status.url;
  });
  return { name, url, verifier };
}

/** Requests as browsers and attackers send them. */
export class Visitor {
  readonly #lab: ConsoleLab;
  readonly #agent: Agent;

  constructor(lab: ConsoleLab) {
    this.#lab = lab;
    this.#agent = new Agent({ connect: { ca: lab.console.ca, lookup }, connections: 100 });
  }

  /** Sends a verifier. */
  async redeem({ url }: Pick<Invitation, 'url'>, verifier: string, change: Change = {}): Promise<Opened> {
    const { statusCode, headers, body } = await request(this.#at(url, change), {
      dispatcher: this.#agent,
      method: 'POST',
      headers: {
        host: new URL(url).host,
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        ...originOf(change, portalOrigin),
      },
      body: `verifier=${encodeURIComponent(verifier)}`,
    });
    const [line = ''] = [headers['set-cookie'] ?? []].flat();
    const [cookie = ''] = line.split(';');
    const text = await body.text();
    return { status: statusCode, cookie, location: String(headers.location ?? ''), text, headers };
  }

  /** Opens an invitation, and answers its cookie. */
  async open(invitation: Invitation): Promise<string> {
    const { status, cookie, text } = await this.redeem(invitation, invitation.verifier);
    if (status !== 303) throw new Error(`${status} ${text}`);
    return cookie;
  }

  async get(path: string, cookie = ''): Promise<{ status: number; text: string; headers: Record<string, unknown> }> {
    const { url } = this.#lab.console;
    const { statusCode, headers, body } = await request(`${url}${path}`, {
      dispatcher: this.#agent,
      headers: { accept: 'application/json', cookie },
    });
    return { status: statusCode, text: await body.text(), headers };
  }

  /** Wishes for the WebSocket of a session; answers it open, or the HTTP status of the refusal. */
  async upgrade({ name }: Pick<Invitation, 'name'>, change: Change = {}): Promise<WebSocket | number> {
    const { url } = this.#lab.console;
    const target = this.#at(`${url}/session/${this.#lab.namespace}/${name}/ws`, change);
    const socket = new WebSocket(target.replace(/^https/, 'wss'), 'binary', {
      ca: this.#lab.console.ca,
      lookup,
      perMessageDeflate: false,
      headers: {
        host: new URL(url).host,
        ...(change.cookie && { cookie: change.cookie }),
        ...originOf(change, url),
      },
    });
    const refused = Promise.withResolvers<number>();
    socket.on('error', () => {});
    socket.once('unexpected-response', (_request, response) => {
      refused.resolve(response.statusCode ?? 0);
      socket.terminate();
    });
    return Promise.race([once(socket, 'open').then(() => socket), refused.promise]);
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  #at(url: string, { port }: Change): string {
    return port === undefined ? url : url.replace(/:\d+/, `:${port}`);
  }
}

const originOf = ({ origin }: Change, usual: string): { origin?: string } =>
  origin === null ? {} : { origin: origin ?? usual };

/** Somebody who looks at a screen. */
export interface Watching {
  viewer: Viewer;
  socket: WebSocket;
  /** The code and the word that it closed with. */
  closed: Promise<{ code: number; reason: string }>;
}

/** Looks at the screen behind a WebSocket. Throws where there is none. */
export function watchScreen(socket: WebSocket | number): Watching {
  if (typeof socket === 'number') throw new Error(`the upgrade was refused with ${socket}`);
  const viewer = new Viewer('', bytes => {
    if (socket.readyState === WebSocket.OPEN) socket.send(bytes);
  });
  socket.on('message', (data: RawData) => viewer.receive(data as Buffer));
  // Not `once`, which rejects at an error, also where nobody waits for the end.
  const closed = new Promise<{ code: number; reason: string }>(resolve => {
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });
  return { viewer, socket, closed };
}
