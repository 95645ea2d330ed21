import type { VmPolicy, VmQuota, VmTemplate } from '#api/kinds.ts';
import { formatAllocation, parseAllocation } from '#api/ledger.ts';
import type { KubeClient } from '#kube/client.ts';
import { type Clock, systemClock } from '#kube/clock.ts';
import { isConflict, isNotFound, KubeError } from '#kube/errors.ts';
import type { ObjectKey, ResourceType } from '#kube/resource.ts';
import { type Ledger, machinesIn, snapshotsIn } from '../core/quota/ledger.ts';

/** How often a write is tried again that somebody else was faster with. */
const mostConflicts = 12;

/** What a conflict waits at most, times the conflicts so far: a write of a long ledger takes about as long. */
const conflictMs = 20;

/** The time that a writer waits by, and its numbers in [0, 1). */
export interface Pace {
  clock?: Clock;
  random?: () => number;
}

/** A resource that holds a ledger. */
export type LedgerOwner = VmQuota | VmPolicy | VmTemplate;

/** What a change makes of a resource, and what it answers. What is absent stays; a ledger that is the same, too. */
export interface Changed<T, Status> {
  ledger?: Ledger;
  /** The ledger is given up: nothing is counted any more, and one begun later is to count anew. */
  dropsLedger?: boolean;
  status?: Partial<Status>;
  answer: T;
}

/**
 * Decides on the resource and its ledger as the API server has them now, or on undefined where there is none. Pure: it
 * may run again.
 */
export type Change<Owner extends LedgerOwner, T> = (
  owner: Owner | undefined,
  ledger: Ledger | undefined,
) => Changed<T, NonNullable<Owner['status']>>;

/** A resource with its ledger, read. */
interface Known<Owner> {
  owner: Owner;
  ledger: Ledger | undefined;
}

/**
 * Writes the ledger of one resource by compare-and-swap. Changes that come while a write is under way share the next
 * one, the oldest machine first. Each is decided on exactly the state that its write replaces, limits included, since an
 * edit of them changes the resourceVersion, too (I1).
 */
export class LedgerWriter<Owner extends LedgerOwner> {
  readonly #kube: KubeClient;
  readonly #type: ResourceType;
  readonly #key: ObjectKey;
  readonly #pause: (mostMs: number) => Promise<void>;
  readonly #figures: (owner: Owner, ledger: Ledger) => object;
  #waiting: Waiting<Owner>[] = [];
  #running = false;
  /** As it was written or read last. */
  #known: Known<Owner> | undefined;
  /** Whether nobody else seems to write: then what is known is likely to be what is there. */
  #alone = false;

  constructor(
    kube: KubeClient,
    type: ResourceType,
    key: ObjectKey,
    { clock = systemClock, random = Math.random }: Pace = {},
    figures: (owner: Owner, ledger: Ledger) => object = () => ({}),
  ) {
    this.#pause = ms => new Promise(resolve => clock.schedule(random() * ms, resolve));
    this.#kube = kube;
    this.#type = type;
    this.#key = key;
    this.#figures = figures;
  }

  /** Makes a change. `age` orders the changes of one write. Rejects with KubeError. */
  change<T>(decide: Change<Owner, T>, age = ''): Promise<T> {
    const answer = Promise.withResolvers<T>();
    const attempt: Waiting<Owner>['attempt'] = (owner, known) => {
      const { answer: value, ...changed } = decide(owner, known);
      return { ...changed, settle: () => answer.resolve(value) };
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

  /**
   * Answers what tells each change that it was made. A write that the API server takes proves that what it was decided
   * on was what was there, refusals included; so nothing is read first where nobody else seems to write. What comes to
   * no write is decided on what was read.
   */
  async #write(batch: Waiting<Owner>[]): Promise<(() => void)[]> {
    if (this.#alone && this.#known) {
      const { settled, after } = decideAll(batch, this.#known);
      if (after && after !== this.#known && (await this.#replace(after))) return settled;
    }
    for (let conflicts = 1; ; conflicts++) {
      const read = await this.#read();
      const { settled, after } = decideAll(batch, read);
      if (after === read || after === undefined || (await this.#replace(after))) return settled;
      if (conflicts >= mostConflicts) throw tooManyConflicts(this.#key);
      await this.#pause(conflictMs * conflicts);
    }
  }

  /** Writes, unless somebody else has written since. Answers whether it did. */
  async #replace({ owner, ledger }: Known<Owner>): Promise<boolean> {
    const status = { ...owner.status, ...(ledger && this.#stored(owner, ledger)) };
    try {
      const written = await this.#kube.replaceStatus(this.#type, { ...owner, status });
      this.#known = { owner: written, ledger };
      return true;
    } catch (error) {
      this.#alone = false;
      if (isConflict(error) || isNotFound(error)) return false;
      throw error;
    }
  }

  #stored(owner: Owner, ledger: Ledger): object {
    const snapshots = snapshotsIn(ledger).map(formatAllocation);
    const lines = {
      allocations: machinesIn(ledger).map(formatAllocation),
      ...('snapshots' in lists(owner) || snapshots.length > 0 ? { snapshots } : {}),
    };
    return { ...lines, ...this.#figures(owner, ledger) };
  }

  async #read(): Promise<Known<Owner> | undefined> {
    try {
      const owner = await this.#kube.get<Owner>(this.#type, this.#key);
      this.#alone = owner.metadata.resourceVersion === this.#known?.owner.metadata.resourceVersion;
      if (!this.#alone) this.#known = { owner, ledger: ledgerOf(owner) };
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#known = undefined;
    }
    return this.#known;
  }
}

/** The lists of a ledger; only a VmQuota has one of snapshots. */
const lists = ({ status }: LedgerOwner): { allocations?: string[] | undefined; snapshots?: string[] | undefined } =>
  status ?? {};

function ledgerOf(owner: LedgerOwner): Ledger | undefined {
  const { allocations, snapshots = [] } = lists(owner);
  return allocations && [...allocations, ...snapshots].map(parseAllocation);
}

const tooManyConflicts = ({ namespace = '', name }: ObjectKey): KubeError =>
  new KubeError({
    status: 409,
    reason: 'Conflict',
    message: `others were faster ${mostConflicts} times to write the ledger ${namespace}/${name}`,
  });

/** Each change sees those before it. `after` is `before` itself where nothing is to be written. */
function decideAll<Owner extends LedgerOwner>(
  batch: Waiting<Owner>[],
  before: Known<Owner> | undefined,
): { settled: (() => void)[]; after: Known<Owner> | undefined } {
  let after = before;
  const settled = batch.map(({ attempt }) => {
    const { ledger, dropsLedger, status, settle } = attempt(after?.owner, after?.ledger);
    if (after && dropsLedger) {
      const { allocations: _, ...kept } = after.owner.status ?? {};
      after = { owner: { ...after.owner, status: kept }, ledger: undefined };
    } else if (after && (status || (ledger && ledger !== after.ledger))) {
      const owner = { ...after.owner, status: { ...after.owner.status, ...status } };
      after = { ...after, owner, ledger: ledger ?? after.ledger };
    }
    return settle;
  });
  return { settled, after };
}

interface Waiting<Owner extends LedgerOwner> {
  age: string;
  attempt: (
    owner: Owner | undefined,
    ledger: Ledger | undefined,
  ) => {
    ledger?: Ledger | undefined;
    dropsLedger?: boolean | undefined;
    status?: Partial<NonNullable<Owner['status']>> | undefined;
    settle: () => void;
  };
  fail: (reason: unknown) => void;
}
