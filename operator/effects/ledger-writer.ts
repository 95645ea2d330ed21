import type { VmPolicy, VmQuota } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';
import { isConflict, isNotFound } from '#kube/errors.ts';
import type { ObjectKey, ResourceType } from '#kube/resource.ts';
import type { Ledger } from '../core/quota/ledger.ts';

/** How often a write is tried again that somebody else was faster with. */
const mostConflicts = 12;

/** What a conflict waits at most, times the conflicts so far: a write of a long ledger takes about as long. */
const conflictMs = 20;

/** A resource that holds a ledger. */
export type LedgerOwner = VmQuota | VmPolicy;

/** What a change makes of a resource, and what it answers. What is absent stays; a ledger that is the same, too. */
export interface Changed<T, Status> {
  ledger?: Ledger;
  status?: Partial<Status>;
  answer: T;
}

/** Decides on the resource as the API server has it now, or on undefined where there is none. Pure: it may run again. */
export type Change<Owner extends LedgerOwner, T> = (
  owner: Owner | undefined,
) => Changed<T, NonNullable<Owner['status']>>;

/**
 * Writes the ledger of one resource by compare-and-swap. Changes that come while a write is under way share the next
 * one, the oldest machine first. Each is decided on exactly the state that its write replaces, limits included, since an
 * edit of them changes the resourceVersion, too (I1).
 */
export class LedgerWriter<Owner extends LedgerOwner> {
  readonly #kube: KubeClient;
  readonly #type: ResourceType;
  readonly #key: ObjectKey;
  readonly #figures: (owner: Owner, ledger: Ledger) => object;
  #waiting: Waiting<Owner>[] = [];
  #running = false;

  constructor(
    kube: KubeClient,
    type: ResourceType,
    key: ObjectKey,
    figures: (owner: Owner, ledger: Ledger) => object = () => ({}),
  ) {
    this.#kube = kube;
    this.#type = type;
    this.#key = key;
    this.#figures = figures;
  }

  /** Makes a change. `age` orders the changes of one write. Rejects with KubeError. */
  change<T>(decide: Change<Owner, T>, age = ''): Promise<T> {
    const answer = Promise.withResolvers<T>();
    const attempt = (owner: Owner | undefined) => {
      const { ledger, status, answer: value } = decide(owner);
      return { ledger, status, settle: () => answer.resolve(value) };
    };
    this.#waiting.push({ age, attempt, fail: answer.reject });
    if (!this.#running) void this.#run();
    return answer.promise;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0).sort((a, b) => (a.age < b.age ? -1 : 1));
      try {
        for (const settle of await this.#write(batch)) settle();
      } catch (error) {
        for (const { fail } of batch) fail(error);
      }
    }
    this.#running = false;
  }

  /** Answers what tells each change that it was made. */
  async #write(batch: Waiting<Owner>[]): Promise<(() => void)[]> {
    for (let conflicts = 1; ; conflicts++) {
      const read = await this.#read();
      let after = read;
      const settled = batch.map(({ attempt }) => {
        const { ledger, status, settle } = attempt(after);
        if (after && (status || (ledger && ledger !== after.status?.allocations))) {
          after = { ...after, status: { ...after.status, ...status, ...(ledger && { allocations: ledger }) } };
        }
        return settle;
      });
      if (after === read || after === undefined) return settled;
      try {
        await this.#kube.replaceStatus(this.#type, this.#withFigures(after));
        return settled;
      } catch (error) {
        if (!isConflict(error) || conflicts >= mostConflicts) throw error;
        await new Promise(resolve => setTimeout(resolve, Math.random() * conflictMs * conflicts));
      }
    }
  }

  #withFigures(owner: Owner): Owner {
    const ledger = owner.status?.allocations;
    return ledger ? { ...owner, status: { ...owner.status, ...this.#figures(owner, ledger) } } : owner;
  }

  async #read(): Promise<Owner | undefined> {
    try {
      return await this.#kube.get<Owner>(this.#type, this.#key);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

interface Waiting<Owner extends LedgerOwner> {
  age: string;
  attempt: (owner: Owner | undefined) => {
    ledger?: Ledger | undefined;
    status?: Partial<NonNullable<Owner['status']>> | undefined;
    settle: () => void;
  };
  fail: (reason: unknown) => void;
}
