/** Where an operator or the network fails, at one call of its life. */
export type FaultKind =
  /** The operator dies before the call is sent. */
  | 'crashBefore'
  /** The call takes effect, and the operator dies before it has the answer. */
  | 'crashAfter'
  /** The call takes effect, but its answer is lost; the operator lives on. */
  | 'answerLost'
  /** The worker that a clone has started is killed a second later, and leaves its lock. */
  | 'workerKilled'
  /** The worker that a clone has started is killed when the machine is unlocked, and not in its pool yet. */
  | 'workerKilledLast'
  /** Right before the call somebody removes the machine in Proxmox and makes one of theirs under its VMID. */
  | 'replaced'
  /** The call is never answered, so that it ends with its deadline: what a guest's agent does that hangs. */
  | 'hangs';

/** Those that may strike at any call. */
export const faultKinds: FaultKind[] = ['crashBefore', 'crashAfter', 'answerLost'];

/** What is to go wrong: the calls are counted over all operators of a run, from 0. */
export type FaultPlan = ReadonlyMap<number, FaultKind>;

/** Counts calls and says which go wrong. */
export class CallCounter {
  readonly #plan: FaultPlan;
  #calm = false;
  #struck = 0;
  #own = 0;
  /** Every call so far, as `proxmox POST /…` or `kubernetes applyStatus …`. */
  readonly calls: string[] = [];

  constructor(plan: FaultPlan) {
    this.#plan = plan;
  }

  /** How much has gone wrong. */
  get struck(): number {
    return this.#struck;
  }

  /** The first call that only this life has; those before it are those of every machine that is made. */
  get own(): number {
    return this.#own;
  }

  /** From now on this life differs from others. */
  tellApart(): void {
    this.#own = this.calls.length;
  }

  /** Lets nothing more go wrong. */
  calm(): void {
    this.#calm = true;
  }

  next(what: string): FaultKind | undefined {
    this.calls.push(what);
    const fault = this.#calm ? undefined : this.#plan.get(this.calls.length - 1);
    if (fault) this.#struck += 1;
    return fault;
  }
}
