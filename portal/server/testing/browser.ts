import { Agent, request } from 'undici';
import { faultsOf } from './hardened.ts';

/** An answer, with what of it tests look at. */
export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  url: string;
  /** `Set-Cookie` lines. */
  cookies: string[];
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
  json: any;
}

/** How to send a request. */
export interface Sending {
  method?: string;
  /** Sent as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Whether to go where the answer leads. Default: no. */
  follow?: boolean;
}

/** Sends what a browser sends of itself with a request of a page. */
const ofThePage = (origin: string, method: string): Record<string, string> => ({
  'sec-fetch-site': 'same-origin',
  ...(method !== 'GET' && { origin, 'content-type': 'application/json' }),
});

/** A browser without pages: it keeps cookies by host, goes where it is led, and says where its requests come from. */
export class Browser {
  readonly #agent: Agent;
  /** Cookies by host and name; tests may read and change them. */
  readonly jar = new Map<string, Map<string, string>>();
  readonly origin: string;

  constructor(origin: string, authorities: string[]) {
    this.origin = origin;
    this.#agent = new Agent({ connect: { ca: authorities } });
  }

  /** The value of a cookie of the portal. */
  cookie(name: string): string | undefined {
    return this.jar.get(new URL(this.origin).hostname)?.get(name);
  }

  /** A request as the portal's own page sends it. */
  api(path: string, { method = 'GET', body, headers = {} }: Sending = {}): Promise<Answer> {
    return this.send(`${this.origin}${path}`, {
      method,
      ...(body !== undefined && { body }),
      headers: { accept: 'application/json', ...ofThePage(this.origin, method), ...headers },
    });
  }

  /** A request as it is; cookies are added and kept. */
  async send(url: string, { method = 'GET', body, headers = {}, follow = false }: Sending = {}): Promise<Answer> {
    let target = new URL(url);
    let sending: { method: string; body?: string } = {
      method,
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    };
    for (let hop = 0; hop < 10; hop += 1) {
      const cookie = [...(this.jar.get(target.hostname) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
      const response = await request(target, {
        dispatcher: this.#agent,
        ...(sending as { method: 'GET' }),
        headers: { ...(cookie && { cookie }), accept: 'text/html', ...headers },
      });
      const text = await response.body.text();
      const cookies = [response.headers['set-cookie'] ?? []].flat();
      for (const line of cookies) this.#keep(target.hostname, line);
      const faults =
        target.origin === this.origin
          ? faultsOf({ status: response.statusCode, headers: response.headers, cookies })
          : [];
      if (faults.length > 0) throw new Error(`${method} ${target.pathname} is not hardened: ${faults.join(', ')}`);
      const { location } = response.headers;
      if (!follow || typeof location !== 'string' || response.statusCode < 300 || response.statusCode > 399) {
        const isJson = String(response.headers['content-type']).startsWith('application/json');
        return {
          status: response.statusCode,
          headers: response.headers,
          text,
          cookies,
          url: target.href,
          json: isJson ? JSON.parse(text) : undefined,
        };
      }
      target = new URL(location, target);
      sending = { method: 'GET' };
    }
    throw new Error('led in a circle');
  }

  /** Signs in at the demo's identity provider, and ends on the page that was wanted. */
  async signIn(name: string, { returnTo = '/', password = 'demo' } = {}): Promise<Answer> {
    const start = `${this.origin}/auth/login?returnTo=${encodeURIComponent(returnTo)}`;
    const form = await this.send(start, { follow: true });
    if (!form.text.includes('name="password"')) return form;
    const body = new URLSearchParams({ name, password }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.send(form.url, { method: 'POST', body, headers, follow: true });
  }

  /** Opens a stream of server-sent events; each as it comes, until `close`. */
  async stream(path: string): Promise<Stream> {
    const cookie = [...(this.jar.get(new URL(this.origin).hostname) ?? [])].map(pair => pair.join('=')).join('; ');
    const abort = new AbortController();
    const response = await request(`${this.origin}${path}`, {
      dispatcher: this.#agent,
      headers: { cookie, accept: 'text/event-stream', 'sec-fetch-site': 'same-origin' },
      signal: abort.signal,
    });
    const events: StreamEvent[] = [];
    const ended = (async () => {
      let text = '';
      try {
        for await (const chunk of response.body) {
          text += chunk;
          for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
            const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
            if (event !== undefined && data !== undefined) events.push({ event, data: JSON.parse(data) });
            text = text.slice(end + 2);
          }
        }
      } catch {
        // The end of it, in whatever way.
      }
    })();
    return { status: response.statusCode, events, ended, close: () => abort.abort() };
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  #keep(host: string, line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const at = pair.indexOf('=');
    const jar = this.jar.get(host) ?? new Map<string, string>();
    this.jar.set(host, jar);
    const gone = attributes.some(text => /^max-age=0$/i.test(text)) || /expires=Thu, 01 Jan 1970/i.test(line);
    if (gone) jar.delete(pair.slice(0, at));
    else jar.set(pair.slice(0, at), pair.slice(at + 1));
  }
}

/** One server-sent event. */
export interface StreamEvent {
  event: string;
  // biome-ignore lint/suspicious/noExplicitAny: events have many shapes
  data: any;
}

/** A stream of them. */
export interface Stream {
  status: number;
  events: StreamEvent[];
  ended: Promise<void>;
  close: () => void;
}
