import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Server, startServer } from './server.ts';

const POLL_MS = 50;

/** Where the programs of a group are and where they run. */
export interface GroupOptions {
  /** Folder of the programs, absolute. */
  programs: string;
  /** Folder that they run in, for data and logs. */
  dir: string;
  /** True for programs that do not watch by themselves whether this process is alive. */
  guarded: boolean;
}

/** Servers that need one another: they are waited for and stopped together. */
export class ServerGroup {
  readonly #options: GroupOptions;
  readonly #servers = new Set<Server>();
  #stopped: Promise<unknown> | undefined;

  constructor(options: GroupOptions) {
    this.#options = options;
  }

  /** Starts the program of that name. */
  start(name: string, args: readonly string[]): Server {
    const { programs, dir, guarded } = this.#options;
    const server = startServer({ name, file: join(programs, name), args, folder: dir }, guarded);
    this.#servers.add(server);
    return server;
  }

  /** Stops one server, which the others then no longer depend on. */
  async remove(server: Server): Promise<void> {
    this.#servers.delete(server);
    await server.stop();
  }

  /** Resolves when `ready` does so with true. Rejects with the end of its log when a server ends before, or aborted. */
  async waitUntil(ready: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
    while (!(await ready())) {
      const ends = [...this.#servers].map(server => server.ended);
      const end = await Promise.race([...ends, delay(POLL_MS, undefined, { signal })]);
      if (end !== undefined) throw new Error(end);
    }
  }

  /** From now on, says when a server ends that was not told to. */
  reportEnds(log: (line: string) => void): void {
    for (const server of this.#servers) {
      server.ended.then(end => {
        if (this.#stopped === undefined) log(end);
      });
    }
  }

  /** Stops them all at once; resolves when they are gone. May be called again. */
  async stop(): Promise<void> {
    this.#stopped ??= Promise.all([...this.#servers].map(server => server.stop()));
    await this.#stopped;
  }
}
