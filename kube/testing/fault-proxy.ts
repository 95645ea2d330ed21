import http, { type ClientRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { KubeConfig } from '@kubernetes/client-node';
import { kubeConfigFor } from './api-server.ts';

/** A request as the proxy sees it. */
export interface ProxiedRequest {
  method: string;
  /** Path and parameters. */
  url: string;
  isWatch: boolean;
  /** When it came, in monotonic milliseconds. */
  at: number;
}

/** What becomes of a request. */
export type Fault =
  /** Answered by the proxy and not forwarded. */
  | { kind: 'answer'; status: number; body?: object; headers?: Record<string, string> }
  /** Forwarded, and the answer lost: the connection is reset instead. */
  | { kind: 'lose-answer' }
  /** Neither forwarded nor answered. */
  | { kind: 'hang' }
  /** Not forwarded: the connection is reset. */
  | { kind: 'reset' }
  /** Forwarded, and the answer ended cleanly after so many milliseconds. */
  | { kind: 'end-after'; ms: number };

/** What is sent in the place of an event's line, and whether the stream ends after it. */
export interface Distortion {
  text: string;
  thenEnd: boolean;
}

/** Misbehaves like an API server or a network in trouble, in front of an API server that is well, ours or a real one. */
export interface FaultProxy {
  url: string;
  requests: ProxiedRequest[];
  /** Sockets that were accepted so far. */
  connections: number;
  /** Decides over each request; undefined lets it pass. */
  fault: (request: ProxiedRequest) => Fault | undefined;
  /** Watches that are open now. */
  openWatches(): number;
  /** Sends something else for the next event of a watch; bookmarks pass. */
  distortNextEvent(distort: (line: string) => Distortion): void;
  /** Resets the connections of all watches. */
  resetWatches(): void;
  /** From now on the open watches say nothing more; their connections stay. */
  silenceWatches(): void;
  /** Holds everything back in both directions, connections staying as they are, until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Refuses connections, until `comeBack` on the same port. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  kubeConfig(): KubeConfig;
  close(): Promise<void>;
}

/** The API server behind the proxy. `headers`, such as the authorization, replace the caller's. */
export interface Upstream {
  url: string;
  ca?: string;
  headers?: Record<string, string>;
}

/** A watch that is being passed on. */
interface OpenWatch {
  source: IncomingMessage;
  socket: Socket;
  silenced: boolean;
}

/** Starts the proxy on a port of its own, in plain HTTP. */
export async function startFaultProxy(upstream: Upstream): Promise<FaultProxy> {
  const proxy = new HttpFaultProxy(upstream);
  await proxy.listen(0);
  return proxy;
}

class HttpFaultProxy implements FaultProxy {
  readonly requests: ProxiedRequest[] = [];
  connections = 0;
  fault: FaultProxy['fault'] = () => undefined;
  readonly #upstream: Upstream;
  readonly #server: Server;
  readonly #watches = new Set<OpenWatch>();
  readonly #agent: http.Agent;
  #port = 0;
  #distort: ((line: string) => Distortion) | undefined;
  #thawed: PromiseWithResolvers<void> | undefined;

  constructor(upstream: Upstream) {
    this.#upstream = upstream;
    const isTls = upstream.url.startsWith('https:');
    this.#agent = isTls ? new https.Agent({ keepAlive: true, ca: upstream.ca }) : new http.Agent({ keepAlive: true });
    this.#server = http.createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
    this.#server.on('connection', () => {
      this.connections += 1;
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  openWatches(): number {
    return this.#watches.size;
  }

  distortNextEvent(distort: (line: string) => Distortion): void {
    this.#distort = distort;
  }

  resetWatches(): void {
    for (const { socket } of this.#watches) socket.resetAndDestroy();
  }

  silenceWatches(): void {
    for (const watch of this.#watches) {
      watch.silenced = true;
      watch.source.pause();
    }
  }

  freeze(): void {
    this.#thawed = Promise.withResolvers();
    for (const { source } of this.#watches) source.pause();
  }

  thaw(): void {
    for (const { source, silenced } of this.#watches) if (!silenced) source.resume();
    this.#thawed?.resolve();
    this.#thawed = undefined;
  }

  async goAway(): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async comeBack(): Promise<void> {
    await this.listen(this.#port);
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>(resolve => this.#server.listen(port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  kubeConfig(): KubeConfig {
    return kubeConfigFor(this.url);
  }

  async close(): Promise<void> {
    this.thaw();
    await this.goAway();
    this.#agent.destroy();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request;
    const proxied = { method, url, isWatch: /[?&]watch=/.test(url), at: performance.now() };
    this.requests.push(proxied);
    await this.#thawed?.promise;
    const fault = this.fault(proxied);
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'reset') return void request.socket.resetAndDestroy();
    if (fault?.kind === 'answer') {
      const headers = { 'content-type': 'application/json', ...fault.headers };
      return void response.writeHead(fault.status, headers).end(JSON.stringify(fault.body ?? {}));
    }
    const answer = await this.#forward(request, response);
    await this.#thawed?.promise;
    if (fault?.kind === 'lose-answer') return void request.socket.resetAndDestroy();
    response.writeHead(answer.statusCode ?? 502, answer.headers).flushHeaders();
    if (fault?.kind === 'end-after') setTimeout(() => response.end(), fault.ms);
    if (proxied.isWatch && answer.statusCode === 200) this.#relayWatch(answer, request.socket, response);
    else answer.pipe(response);
  }

  #forward(request: IncomingMessage, response: ServerResponse): Promise<IncomingMessage> {
    const { hostname, port, protocol } = new URL(this.#upstream.url);
    const { host: _, ...headers } = request.headers;
    return new Promise((resolve, reject) => {
      const options = {
        agent: this.#agent,
        hostname,
        port,
        method: request.method,
        path: request.url,
        headers: { ...headers, ...this.#upstream.headers },
      };
      const send = protocol === 'https:' ? https.request : http.request;
      const forwarded: ClientRequest = send(options, resolve).on('error', reject);
      response.on('close', () => forwarded.destroy());
      request.pipe(forwarded);
    });
  }

  #relayWatch(source: IncomingMessage, socket: Socket, response: ServerResponse): void {
    const watch = { source, socket, silenced: false };
    this.#watches.add(watch);
    response.on('close', () => this.#watches.delete(watch));
    source.on('end', () => response.end());
    source.on('error', () => response.destroy());
    source.on('data', (chunk: Buffer) => {
      const text = chunk.toString('utf8');
      if (!this.#distort || text.includes('"BOOKMARK"')) return void response.write(chunk);
      const distortion = this.#distort(text);
      this.#distort = undefined;
      response.write(distortion.text);
      if (distortion.thenEnd) response.end();
    });
    if (this.#thawed) source.pause();
  }
}
