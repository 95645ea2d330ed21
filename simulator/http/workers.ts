import type { Duplex } from 'node:stream';

/** pveproxy's processes on a node, among which its connections are spread [PVE::Service::pveproxy]. */
const WORKERS = 3;

/** A worker that had so many requests is replaced; its connections end with their next answer. */
const REQUESTS_PER_WORKER = 1000;

interface Worker {
  requests: number;
}

/** Which worker has which connection, and when it is replaced. */
export class Workers {
  readonly #workers: Worker[] = Array.from({ length: WORKERS }, () => ({ requests: 0 }));
  readonly #connections = new WeakMap<Duplex, { worker: Worker; requests: number }>();
  #accepted = 0;

  /** Notes a request; answers the how manieth of its connection it is. */
  count(socket: Duplex): number {
    const connection = this.#connections.get(socket) ?? this.#accept(socket);
    const { worker } = connection;
    worker.requests++;
    const place = this.#workers.indexOf(worker);
    if (worker.requests >= REQUESTS_PER_WORKER && place >= 0) this.#workers[place] = { requests: 0 };
    return ++connection.requests;
  }

  /** Whether a connection's worker is to end. */
  isRetiring(socket: Duplex): boolean {
    return (this.#connections.get(socket)?.worker.requests ?? 0) >= REQUESTS_PER_WORKER;
  }

  #accept(socket: Duplex): { worker: Worker; requests: number } {
    const worker = this.#workers[this.#accepted++ % WORKERS] ?? { requests: 0 };
    const connection = { worker, requests: 0 };
    this.#connections.set(socket, connection);
    return connection;
  }
}
