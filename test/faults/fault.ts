/** Where an operator or the network fails, at one call of its life. */
export type FaultKind =
  /** The operator dies before the call is sent. */
  | 'crashBefore'
  /** The call takes effect, and the operator dies before it has the answer. */
  | 'crashAfter'
  /** The call takes effect, but its answer is lost; the operator lives on. */
  | 'answerLost';

export const faultKinds: FaultKind[] = ['crashBefore', 'crashAfter', 'answerLost'];

/** What is to go wrong: the calls are counted over all operators of a run, from 0. */
export type FaultPlan = ReadonlyMap<number, FaultKind>;

/** Counts calls and says which go wrong. */
export class CallCounter {
  readonly #plan: FaultPlan;
  #calm = false;
  /** Every call so far, as `proxmox POST /…` or `kubernetes applyStatus …`. */
  readonly calls: string[] = [];

  constructor(plan: FaultPlan) {
    this.#plan = plan;
  }

  /** Lets nothing more go wrong. */
  calm(): void {
    this.#calm = true;
  }

  next(what: string): FaultKind | undefined {
    this.calls.push(what);
    return this.#calm ? undefined : this.#plan.get(this.calls.length - 1);
  }
}
