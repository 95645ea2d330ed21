import type { VirtualMachine, VmQuota } from '#api/kinds.ts';
import { isUnanswered } from '#kube/errors.ts';
import type { Store } from '#kube/store.ts';
import { type Person, personKey } from './person.ts';
import type { Reviews } from './reviews.ts';

/** What a person sees of a namespace. */
interface Sight {
  machines: 'all' | ReadonlySet<string>;
  quotas: boolean;
  operations: boolean;
  snapshots: boolean;
  /** When it was asked. */
  at: number;
}

const nothing: ReadonlySet<string> = new Set();

const blind: Omit<Sight, 'at'> = { machines: nothing, quotas: false, operations: false, snapshots: false };

/** What a viewer looks at. */
export interface Views {
  reviews: Reviews;
  /** Indexed by `namespace`. */
  machines: Store<VirtualMachine>;
  quotas: Store<VmQuota>;
  /** Namespaces that may have machines or quotas. */
  namespaces: () => Iterable<string>;
  now: () => number;
}

/** Told when a viewer sees other machines or quotas of a namespace than before. */
export type SightChange = (namespace: string, before: Sees, after: Sees) => void;

/** What is seen of one namespace. */
export interface Sees {
  machine: (name: string) => boolean;
  quotas: boolean;
  operations: boolean;
  snapshots: boolean;
}

/** What was seen is asked again after this time; so rights that were taken away end. */
const seenMs = 30_000;

/** What was not seen is asked again after this time: most of what there is belongs to others. */
const unseenMs = 300_000;

/** What somebody asks for by name is asked again after this time. */
const namedMs = 5_000;

/** What one person may see, kept up to date by asking the API server. Several streams of a person share one. */
export class Viewer {
  readonly person: Person;
  readonly #views: Views;
  readonly #sights = new Map<string, Sight>();
  readonly #asking = new Map<string, Promise<void>>();
  readonly #listeners = new Set<SightChange>();
  /** Whether the person sees everything, as administrators do: one question instead of one for each namespace. */
  #everything: { allowed: boolean; at: number } = { allowed: false, at: Number.NEGATIVE_INFINITY };

  constructor(person: Person, views: Views) {
    this.person = person;
    this.#views = views;
  }

  get key(): string {
    return personKey(this.person);
  }

  onChange(listener: SightChange): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What is seen of a namespace as of now, without asking. */
  sees(namespace: string): Sees {
    return seesOf(this.#sights.get(namespace));
  }

  /** Whether the namespace was asked about yet. */
  knows(namespace: string): boolean {
    return this.#sights.has(namespace);
  }

  /** Namespaces of which something is seen. */
  namespaces(): string[] {
    return [...this.#sights].flatMap(([namespace, sight]) => (isBlind(sight) ? [] : [namespace]));
  }

  /** Asks about every namespace whose answer is too old. Rejects with KubeError. */
  async refresh(): Promise<void> {
    await this.#lookAtEverything();
    const due = [...this.#views.namespaces()].filter(namespace => this.#isDue(namespace));
    await Promise.all(due.map(namespace => this.look(namespace)));
  }

  /** Whether a machine is seen; asks again where the answer was no, so that a new right is noticed. */
  async seesMachine(namespace: string, name: string): Promise<boolean> {
    const sight = this.#sights.get(namespace);
    const isOld = !sight || this.#views.now() - sight.at > (isBlind(sight) ? namedMs : seenMs);
    const isDoubtful = !this.sees(namespace).machine(name) && this.#views.now() - (sight?.at ?? 0) > namedMs;
    if (isOld || isDoubtful) await this.look(namespace);
    return this.sees(namespace).machine(name);
  }

  /** Asks about one namespace; those who ask meanwhile get the same answer. */
  look(namespace: string): Promise<void> {
    const asked = this.#asking.get(namespace);
    if (asked) return asked;
    const asking = this.#ask(namespace).finally(() => this.#asking.delete(namespace));
    this.#asking.set(namespace, asking);
    return asking;
  }

  #isDue(namespace: string): boolean {
    const sight = this.#sights.get(namespace);
    if (!sight) return true;
    return this.#views.now() - sight.at > (isBlind(sight) ? unseenMs : seenMs);
  }

  async #lookAtEverything(): Promise<void> {
    if (this.#views.now() - this.#everything.at < seenMs) return;
    const { reviews, now } = this.#views;
    const answers = await Promise.all([
      reviews.ask(this.person, { verb: 'list', resource: 'virtualmachines' }),
      reviews.ask(this.person, { verb: 'list', resource: 'vmquotas' }),
      reviews.ask(this.person, { verb: 'list', resource: 'vmoperations' }),
      reviews.ask(this.person, { verb: 'list', resource: 'vmsnapshots' }),
    ]);
    this.#everything = { allowed: answers.every(Boolean), at: now() };
  }

  async #ask(namespace: string): Promise<void> {
    const at = this.#views.now();
    await this.#lookAtEverything();
    const sight: Sight = this.#everything.allowed
      ? { machines: 'all', quotas: true, operations: true, snapshots: true, at }
      : { ...(await this.#askFor(namespace)), at };
    const before = this.sees(namespace);
    this.#sights.set(namespace, sight);
    const after = this.sees(namespace);
    for (const listener of this.#listeners) listener(namespace, before, after);
  }

  async #askFor(namespace: string): Promise<Omit<Sight, 'at'>> {
    const { reviews, machines } = this.#views;
    // Whom the rules review is forbidden to, and who is under other authorizers than RBAC, is asked for in full.
    const hints = await reviews.hints(this.person, namespace).catch(error => {
      if (isUnanswered(error)) throw error;
      return 'any' as const;
    });
    if (hints !== 'any' && hints.length === 0) return blind;
    const [lists, quotas, operations, snapshots] = await Promise.all([
      reviews.ask(this.person, { verb: 'list', resource: 'virtualmachines', namespace }),
      reviews.ask(this.person, { verb: 'list', resource: 'vmquotas', namespace }),
      reviews.ask(this.person, { verb: 'list', resource: 'vmoperations', namespace }),
      reviews.ask(this.person, { verb: 'list', resource: 'vmsnapshots', namespace }),
    ]);
    if (lists) return { machines: 'all', quotas, operations, snapshots };
    const named =
      hints === 'any' ? machines.byIndex('namespace', namespace).map(({ metadata }) => metadata.name) : hints;
    const seen = await Promise.all(
      named.map(name => reviews.ask(this.person, { verb: 'get', resource: 'virtualmachines', namespace, name })),
    );
    return { machines: new Set(named.filter((_, index) => seen[index])), quotas, operations, snapshots };
  }
}

const isBlind = ({ machines, quotas }: Sight): boolean => !quotas && machines !== 'all' && machines.size === 0;

function seesOf(sight: Sight | undefined): Sees {
  const { machines, quotas, operations, snapshots } = sight ?? blind;
  return { machine: name => machines === 'all' || machines.has(name), quotas, operations, snapshots };
}
