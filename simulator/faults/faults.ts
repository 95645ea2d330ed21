import type { Steps } from '../engine/process.ts';
import type { Random } from '../engine/random.ts';
import type { World } from '../engine/world.ts';
import type { Answer, Request } from '../http/message.ts';
import { callMatcher, type SeenCall, seeCall } from './pattern.ts';
import { type Fault, type FaultRule, parseFaults } from './rule.ts';
import { spoilAfter, spoilBefore } from './spoil.ts';

/** A rule and what has come of it. */
export interface FaultCount {
  rule: Fault;
  /** How many calls matched. */
  seen: number;
  /** How many of them were spoiled. */
  spoiled: number;
}

interface Active extends FaultCount {
  id: string;
  matches: (call: SeenCall) => boolean;
  /** The answers that were true last, by target, for stale reads. */
  before: Map<string, Answer>;
}

/** The rules by which calls go wrong. Without rules it costs nothing. */
export class Faults {
  readonly #random: Random;
  readonly #active = new Map<string, Active>();
  #ids = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Adds rules; answers their ids. @throws Error with what is wrong in them. */
  add(...rules: FaultRule[]): string[] {
    return parseFaults(rules).map(rule => {
      const id = rule.id ?? `fault-${++this.#ids}`;
      this.#active.set(id, { id, rule, matches: callMatcher(rule), seen: 0, spoiled: 0, before: new Map() });
      return id;
    });
  }

  /** Whether there was such a rule. */
  remove(id: string): boolean {
    return this.#active.delete(id);
  }

  clear(): void {
    this.#active.clear();
  }

  /** All rules by id, with what has come of them. */
  counts(): Record<string, FaultCount> {
    return Object.fromEntries(
      [...this.#active.values()].map(({ id, rule, seen, spoiled }) => [id, { rule, seen, spoiled }]),
    );
  }

  /** Answers a request as `proceed` does, but for what the rules have in mind for it. */
  *around(world: World, request: Request, proceed: () => Steps<Answer>): Steps<Answer> {
    if (this.#active.size === 0) return yield* proceed();
    const call = seeCall(request);
    const due = [...this.#active.values()].filter(active => this.#isDue(active, call));
    for (const { rule } of due) {
      const spoiled = yield* spoilBefore(world, rule, call);
      if (spoiled !== undefined) return spoiled;
    }
    let answer = yield* proceed();
    for (const active of this.#active.values()) {
      if (active.rule.what !== 'stale-read' || call.method !== 'GET' || !active.matches(call)) continue;
      const former = active.before.get(call.target);
      active.before.set(call.target, answer);
      if (due.includes(active)) answer = former ?? answer;
    }
    for (const { rule } of due) answer = yield* spoilAfter(world, rule, call, answer);
    return answer;
  }

  #isDue(active: Active, call: SeenCall): boolean {
    const { rule, matches } = active;
    if (!matches(call)) return false;
    active.seen++;
    if (rule.nth !== undefined && active.seen !== rule.nth) return false;
    if (rule.times !== undefined && active.spoiled >= rule.times) return false;
    if (rule.probability !== undefined && this.#random.next() >= rule.probability) return false;
    active.spoiled++;
    return true;
  }
}
