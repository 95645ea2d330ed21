import type { EndReason } from '#api/console-session.ts';
import type { ConsoleSession } from '#api/kinds.ts';
import { compareResourceVersions } from '#kube/resource.ts';
import type { Change } from '#kube/store.ts';
import { Refusal } from './refusal.ts';

/** Why a console closes: the session ends, or goes on elsewhere or later. */
export type CloseReason = EndReason | 'SessionDeleted' | 'Replaced' | 'Draining' | 'Away';

/** A console that this process shows. */
export interface LiveConsole {
  uid: string;
  requester: string;
  /** Node of Proxmox VE. */
  node: string;
  connection: string;
  /** Of the write that made this connection the one that counts. */
  resourceVersion: string;
  close: (reason: CloseReason) => void;
}

/** How many consoles this process shows. */
export interface Limits {
  /** In all: so many fit into its memory. */
  sessions: number;
  /** Of machines on one node: Proxmox has a hundred ports for all its consoles there. */
  perNode: number;
}

/** The consoles that this process shows, and what is told to them. */
export class LiveConsoles {
  readonly #limits: Limits;
  readonly #open = new Set<LiveConsole>();
  /** Those that are being opened, by session. */
  readonly #opening = new Map<symbol, Pick<LiveConsole, 'uid' | 'requester' | 'node'>>();
  #isDraining = false;
  /** What is done for consoles: the last of it is to write down how they ended. */
  readonly #work = new Set<Promise<void>>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#open.size;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Keeps a place for a console; the answer gives it up. Throws Refusal where there is none. */
  admit(wanted: Pick<LiveConsole, 'uid' | 'requester' | 'node'>, mostPerPerson: number): () => void {
    // The connection that this one takes over from does not count.
    const others = [...this.#open, ...this.#opening.values()].filter(({ uid }) => uid !== wanted.uid);
    const count = (key: 'requester' | 'node') => others.filter(other => other[key] === wanted[key]).length;
    if (count('requester') >= mostPerPerson) throw new Refusal('TooMany');
    if (this.#isDraining || others.length >= this.#limits.sessions || count('node') >= this.#limits.perNode) {
      throw new Refusal('Busy');
    }
    const place = Symbol(wanted.uid);
    this.#opening.set(place, wanted);
    return () => this.#opening.delete(place);
  }

  add(console: LiveConsole): void {
    this.#open.add(console);
    if (this.#isDraining) console.close('Draining');
  }

  /** Notes what is done for a console; it must not reject. */
  track(work: Promise<void>): void {
    this.#work.add(work);
    void work.then(() => this.#work.delete(work));
  }

  /** Resolves when nothing is done for any console any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#work);
  }

  delete(console: LiveConsole): void {
    this.#open.delete(console);
  }

  /** Takes in what happened to a session. */
  onChange({ kind, object }: Pick<Change<ConsoleSession>, 'kind' | 'object'>): void {
    const { uid, resourceVersion = '', deletionTimestamp } = object.metadata;
    for (const console of this.#open) {
      if (console.uid !== uid) continue;
      if (kind === 'deleted' || deletionTimestamp !== undefined) console.close('SessionDeleted');
      else if (object.status?.endedAt !== undefined) console.close(object.status.endReason ?? 'Closed');
      else if (
        compareResourceVersions(resourceVersion, console.resourceVersion) > 0 &&
        object.status?.connection !== console.connection
      ) {
        console.close('Replaced');
      }
    }
  }

  /** No more are let in; those that are open stay. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Ends all, so that they are opened elsewhere. */
  closeAll(): void {
    for (const console of this.#open) console.close('Draining');
  }
}
