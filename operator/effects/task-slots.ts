/** Limits on what runs in one Proxmox cluster at once. */
export interface SlotLimits {
  tasks: number;
  clonesPerTemplate: number;
}

interface Holder {
  /** VMID of the template that is cloned; undefined for any other task. */
  template?: number;
}

/**
 * Who may start a task now. A key holds a slot from before its call until its task has ended; who finds none waits in
 * line, and is woken when it is its turn. Clones wait behind everything else: a machine that was begun is finished
 * before the next one, and a person who stops one does not wait for a hundred that are being made.
 */
export class TaskSlots {
  limits: SlotLimits;
  readonly #wake: (key: string) => void;
  readonly #holders = new Map<string, Holder>();
  readonly #line = { tasks: new Map<string, Holder>(), clones: new Map<string, Holder>() };

  constructor(limits: SlotLimits, wake: (key: string) => void) {
    this.limits = limits;
    this.#wake = wake;
  }

  /** Takes a slot if it is the key's turn, and answers 0; else its place in the line, from 1. */
  take(key: string, template?: number): number {
    if (this.#holders.has(key)) return 0;
    const [line, other] =
      template === undefined ? [this.#line.tasks, this.#line.clones] : [this.#line.clones, this.#line.tasks];
    other.delete(key);
    if (!line.has(key)) line.set(key, { template });
    if (!this.#admissible().includes(key)) return [...this.#waiting()].findIndex(([waiting]) => waiting === key) + 1;
    this.hold(key, template);
    return 0;
  }

  /** Counts a task that runs already, whatever the limits say. */
  hold(key: string, template?: number): void {
    this.#leaveLine(key);
    if (!this.#holders.has(key)) this.#holders.set(key, { template });
  }

  /** Gives up the place in the line, if there is one: nothing is to be started any more. Others may be next. */
  leave(key: string): void {
    if (!this.#leaveLine(key)) return;
    for (const next of this.#admissible()) this.#wake(next);
  }

  /** Gives the slot back, or the place in the line, and wakes those whose turn it is. */
  release(key: string): void {
    this.#leaveLine(key);
    if (!this.#holders.delete(key)) return;
    for (const next of this.#admissible()) this.#wake(next);
  }

  /** How many tasks hold a slot, and how many wait for one. */
  get counts(): { held: number; waiting: number } {
    return { held: this.#holders.size, waiting: this.#line.tasks.size + this.#line.clones.size };
  }

  #leaveLine(key: string): boolean {
    const wasTask = this.#line.tasks.delete(key);
    return this.#line.clones.delete(key) || wasTask;
  }

  /** Those in the line, the next one first. */
  *#waiting(): Generator<[string, Holder]> {
    yield* this.#line.tasks;
    yield* this.#line.clones;
  }

  /** Those in the line who may start now: in order, but one whose template is busy blocks nobody else. */
  #admissible(): string[] {
    const clones = new Map<number, number>();
    for (const { template } of this.#holders.values()) count(clones, template);
    const admitted: string[] = [];
    for (const [key, { template }] of this.#waiting()) {
      if (this.#holders.size + admitted.length >= this.limits.tasks) break;
      if (template !== undefined && (clones.get(template) ?? 0) >= this.limits.clonesPerTemplate) continue;
      count(clones, template);
      admitted.push(key);
    }
    return admitted;
  }
}

function count(clones: Map<number, number>, template: number | undefined): void {
  if (template !== undefined) clones.set(template, (clones.get(template) ?? 0) + 1);
}
