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
 * line, and is woken when it is its turn.
 */
export class TaskSlots {
  limits: SlotLimits;
  readonly #wake: (key: string) => void;
  readonly #holders = new Map<string, Holder>();
  readonly #line = new Map<string, Holder>();

  constructor(limits: SlotLimits, wake: (key: string) => void) {
    this.limits = limits;
    this.#wake = wake;
  }

  /** Takes a slot if it is the key's turn, and answers 0; else its place in the line, from 1. */
  take(key: string, template?: number): number {
    if (this.#holders.has(key)) return 0;
    if (!this.#line.has(key)) this.#line.set(key, { template });
    if (!this.#admissible().includes(key)) return [...this.#line.keys()].indexOf(key) + 1;
    this.hold(key, template);
    return 0;
  }

  /** Counts a task that runs already, whatever the limits say. */
  hold(key: string, template?: number): void {
    this.#line.delete(key);
    if (!this.#holders.has(key)) this.#holders.set(key, { template });
  }

  /** Gives the slot back, or the place in the line, and wakes those whose turn it is. */
  release(key: string): void {
    this.#line.delete(key);
    if (!this.#holders.delete(key)) return;
    for (const next of this.#admissible()) this.#wake(next);
  }

  /** How many tasks hold a slot, and how many wait for one. */
  get counts(): { held: number; waiting: number } {
    return { held: this.#holders.size, waiting: this.#line.size };
  }

  /** Those in the line who may start now: in order, but one whose template is busy blocks nobody else. */
  #admissible(): string[] {
    const clones = new Map<number, number>();
    for (const { template } of this.#holders.values()) count(clones, template);
    const admitted: string[] = [];
    for (const [key, { template }] of this.#line) {
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
