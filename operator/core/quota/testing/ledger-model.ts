import type { Allocation } from '#api/ledger.ts';
import { type Charge, demandOf, larger, sameSize, sumOf } from '../amounts.ts';
import type { MachineApplicant } from '../evaluate.ts';
import * as real from '../ledger.ts';
import { hardOf, type Rules } from '../limits.ts';
import { type Machine, Machines } from './machine-model.ts';
import { type Random, random } from './random.ts';

/** The transitions and protocol of the ledger; a test puts a mistake in the place of one. */
export interface Protocol {
  reserve: (rules: Rules, ledger: real.Ledger, machine: MachineApplicant, state: real.State) => real.Reservation;
  release: typeof real.release;
  trim: typeof real.trim;
  collect: typeof real.collect;
  /** What a writer whose resourceVersion was stale does: it starts again, or writes what it had computed. */
  afterConflict: 'startAgain' | 'writeAnyway';
  /** Whether a write is a compare-and-swap at all. */
  compares: boolean;
  /** Whether limits are read with the ledger, or may be those of a while ago. */
  readsLimits: 'live' | 'cached';
  /** Whether the operator asks the ledger before it acts. */
  operatorAsks: boolean;
  /** Gives room back when a request to delete or shrink is admitted. */
  releasesAtAdmission: boolean;
  /** Ticks after which a reservation that nobody bound is cleared up. */
  patience: number;
}

/** Ticks that the API server lets a request live; a reservation is cleared up long after. */
const requestTicks = 60;

export const rightProtocol: Protocol = {
  ...real,
  afterConflict: 'startAgain',
  compares: true,
  readsLimits: 'live',
  operatorAsks: true,
  releasesAtAdmission: false,
  patience: 2 * requestTicks,
};

/** Something that a process does in steps, between which anything else may happen. */
type Activity = Generator<void, void, void>;

/**
 * Kubernetes, Proxmox, two webhooks and two operators, as far as a quota can tell: a random walk over their steps, in
 * which any process may die at any step and admission may be down. Throws when an invariant breaks.
 */
export class LedgerModel {
  readonly #protocol: Protocol;
  readonly #random: Random;
  readonly #machines: Machines;
  readonly #staleSince = new Map<string, { entry: Allocation; since: number }>();
  #ledger: real.Ledger = [];
  #rules: Rules = { hard: { vms: 3, cpu: 8, runningCPU: 6 }, perUser: { vms: 2 } };
  #cachedRules = this.#rules;
  #version = 0;
  #tick = 0;
  /** What was done, by its name. */
  readonly counts: Record<string, number> = {};
  #running: { activity: Activity; born: number; ownedBy: 'api' | 'operator' }[] = [];

  constructor(seed: number, protocol: Protocol) {
    this.#random = random(seed);
    this.#protocol = protocol;
    this.#machines = new Machines(this.#random);
  }

  /** Walks for some steps, then lets everything come to rest and checks that nothing is left over. */
  run(steps: number): void {
    for (let step = 0; step < steps; step++) this.#step();
    while (this.#running.length > 0) this.#advance(this.#running.length - 1);
    this.#comeToRest();
  }

  #step(): void {
    this.#tick += 1;
    if (this.#tick % 37 === 0) this.#cachedRules = this.#rules;
    const { integer } = this.#random;
    const choice = integer(100);
    if (choice < 3 && this.#running.length > 0) this.#crash(integer(this.#running.length));
    else if (choice < 18 && this.#running.length < 12) this.#start(this.#request(), 'api');
    else if (choice < 40 && this.#running.length < 12) this.#start(this.#reconcile(), 'operator');
    else if (choice < 44) this.#start(this.#collect(), 'operator');
    else if (choice < 45) this.#edit();
    else if (this.#running.length > 0) this.#advance(integer(this.#running.length));
    this.#running = this.#running.filter(
      ({ born, ownedBy }) => ownedBy === 'operator' || this.#tick - born < requestTicks,
    );
  }

  /** An administrator changes the limits, which changes the resourceVersion that every writer compares. */
  #edit(): void {
    const { integer } = this.#random;
    this.#count('quota edit');
    this.#rules = { ...this.#rules, hard: { vms: 1 + integer(3), cpu: 2 + integer(9), runningCPU: 6 } };
    this.#version += 1;
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  /** A process dies at some step. What it had begun never ends. */
  #crash(index: number): void {
    const [one] = this.#running.splice(index, 1);
    this.#count('crash');
    one?.activity.return();
  }

  #start(activity: Activity, ownedBy: 'api' | 'operator'): void {
    this.#running.push({ activity, born: this.#tick, ownedBy });
  }

  #advance(index: number): void {
    const one = this.#running[index];
    this.#count('interleaved steps');
    if (one?.activity.next().done) this.#running.splice(this.#running.indexOf(one), 1);
    this.#check();
  }

  /** Somebody's request: admitted or not (the webhook may be down), then stored or, for another reason, not. */
  *#request(): Activity {
    const wish = this.#machines.wish();
    const shrinks = wish.kind === 'delete' || wish.kind === 'shrink';
    if (this.#protocol.releasesAtAdmission && shrinks && this.#random.integer(2) === 0) {
      const { name, uid, spec } = wish.machine;
      yield* this.#write(({ ledger }) =>
        wish.kind === 'delete'
          ? real.release(ledger, { name, uid })
          : ledger.map(entry => (entry.name === name ? { ...entry, ...demandOf(spec) } : entry)),
      );
    } else if (wish.kind !== 'delete' && this.#random.integer(4) > 0) {
      const admitted = yield* this.#reserve(wish.machine, 'Reserved');
      if (!admitted) return;
    }
    yield;
    if (this.#random.integer(8) === 0) return;
    this.#machines.store(wish);
    this.#count(wish.kind);
    if (wish.turns) this.#count(wish.turns);
  }

  /** The operator's pass over one machine: room first, then Proxmox; what Proxmox has given back leaves the ledger. */
  *#reconcile(): Activity {
    const seen = this.#machines.pick();
    if (!seen) return;
    yield;
    if (seen.deleted) yield* this.#remove(seen);
    else yield* this.#make(seen);
  }

  *#make(seen: Machine): Activity {
    const digest = this.#machines.digest(seen.name);
    yield;
    if (this.#protocol.operatorAsks) {
      // Two passes over one machine never overlap in a process; the lease keeps two processes apart by its fence.
      const release = this.#machines.enter(seen);
      if (!release) return;
      try {
        if (!(yield* this.#reserve(seen, 'Bound'))) return;
        yield;
        this.#machines.act(seen, digest);
      } finally {
        release();
      }
    } else this.#machines.act(seen, digest);
    yield* this.#trim(seen);
  }

  *#trim({ name, uid, generation }: Machine): Activity {
    const inProxmox = this.#machines.inProxmox(name);
    const entry = this.#ledger.find(candidate => candidate.name === name);
    const machine = this.#machines.stored(name);
    if (!inProxmox || !entry || machine?.uid !== uid || machine.deleted) return;
    if (entry.generation !== generation) return;
    const confirmed: Charge = larger(inProxmox.charge, demandOf(machine.spec));
    const { digest } = inProxmox;
    yield;
    // The machine's own pass is what would change it; another pass would be seen by its digest.
    if (this.#machines.inProxmox(name)?.digest !== digest || this.#machines.isEntered(name)) return;
    yield* this.#write(({ ledger }) => this.#protocol.trim(ledger, entry, confirmed));
  }

  *#remove(seen: Machine): Activity {
    if (!this.#machines.destroy(seen)) return;
    yield;
    const { name, uid } = seen;
    yield* this.#write(({ ledger }) => this.#protocol.release(ledger, { name, uid }));
    yield;
    this.#machines.finish(seen);
  }

  /** Clears up an entry that has not changed for long, after a live look at its resource. */
  *#collect(): Activity {
    const entry = this.#ledger[this.#random.integer(Math.max(this.#ledger.length, 1))];
    if (!entry) return;
    const known = this.#staleSince.get(entry.name);
    if (!known || known.entry !== entry) {
      this.#staleSince.set(entry.name, { entry, since: this.#tick });
      if (this.#protocol.patience > 0) return;
    } else if (this.#tick - known.since < this.#protocol.patience) return;
    const machine = this.#machines.stored(entry.name);
    const search: real.Search = machine ? { found: true, uid: machine.uid } : { found: false };
    yield;
    yield* this.#write(({ ledger }) => this.#protocol.collect(ledger, entry, search));
  }

  *#reserve(machine: Machine, state: real.State): Generator<void, boolean, void> {
    let admitted = false;
    yield* this.#write(({ ledger, rules }) => {
      const answer = this.#protocol.reserve(rules, ledger, machine, state);
      admitted = answer.violations.length === 0;
      return answer.ledger;
    });
    return admitted;
  }

  /** Read, compute, write if nothing came between: what every writer does. */
  *#write(change: (read: { ledger: real.Ledger; rules: Rules }) => real.Ledger): Activity {
    let computed: real.Ledger | undefined;
    for (;;) {
      const version = this.#version;
      const ledger = this.#ledger;
      const rules = this.#protocol.readsLimits === 'live' ? this.#rules : this.#cachedRules;
      if (computed === undefined || this.#protocol.afterConflict === 'startAgain') computed = change({ ledger, rules });
      yield;
      if (computed === ledger) return;
      if (this.#protocol.compares && version !== this.#version) continue;
      this.#replace(computed);
      return;
    }
  }

  #replace(ledger: real.Ledger): void {
    const before = sumOf(this.#ledger);
    const after = sumOf(ledger);
    for (const [dimension, limit] of Object.entries(hardOf(this.#rules)) as [keyof typeof after, number][]) {
      if (after[dimension] > before[dimension] && after[dimension] > limit) {
        throw new Error(`I1: ${dimension} grew to ${after[dimension]}, hard is ${limit}`);
      }
    }
    const names = new Set(ledger.map(({ name }) => name));
    if (names.size < ledger.length) throw new Error('I3: a machine is charged twice');
    this.#ledger = ledger;
    this.#version += 1;
  }

  /** I2, I4 and I5: whatever stands in Proxmox is charged, in full. */
  #check(): void {
    for (const [name, { charge }] of this.#machines.allInProxmox()) {
      const entry = this.#ledger.find(candidate => candidate.name === name);
      if (!entry) throw new Error(`I2: ${name} is in Proxmox and not in the ledger`);
      if (!sameSize(larger(entry, charge), entry)) throw new Error(`I5: ${name} has more than it is charged with`);
    }
  }

  /** Nobody asks for anything more: then every machine is made or refused, and the ledger says what Proxmox has. */
  #comeToRest(): void {
    this.#tick += requestTicks;
    for (let round = 0; round < 4; round++) {
      for (const machine of this.#machines.all())
        this.#runOut(machine.deleted ? this.#remove(machine) : this.#make(machine));
      for (const _ of this.#ledger) this.#runOut(this.#collectAll());
      this.#tick += this.#protocol.patience + 1;
    }
    const left = this.#ledger.filter(({ name }) => !this.#machines.inProxmox(name));
    const first = left.find(({ name }) => !this.#machines.stored(name));
    if (first) throw new Error(`a charge for ${first.name} is left over, which does not exist`);
  }

  *#collectAll(): Activity {
    for (const entry of this.#ledger) {
      const machine = this.#machines.stored(entry.name);
      const search: real.Search = machine ? { found: true, uid: machine.uid } : { found: false };
      yield* this.#write(({ ledger }) => this.#protocol.collect(ledger, entry, search));
    }
  }

  #runOut(activity: Activity): void {
    while (!activity.next().done) this.#check();
    this.#check();
  }
}
