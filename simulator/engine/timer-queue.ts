/** A moment and what happens then. */
export interface Timer {
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Order among timers of one moment: first set, first run. */
  readonly order: number;
  /** Background timers (the daemons' rounds) never keep a clock busy. */
  readonly background: boolean;
  action: (() => void) | undefined;
}

/** A binary heap of timers; the earliest is always at hand. A cancelled timer stays until it comes to the top. */
export class TimerQueue {
  readonly #heap: Timer[] = [];
  #orders = 0;
  #foreground = 0;

  /** How many timers are set that are neither cancelled nor background. */
  get foreground(): number {
    return this.#foreground;
  }

  /** Sets a timer; the answer cancels it. */
  add(time: number, action: () => void, background: boolean): () => void {
    const timer: Timer = { time, order: this.#orders++, background, action };
    if (!background) this.#foreground++;
    this.#heap.push(timer);
    this.#siftUp(this.#heap.length - 1);
    return () => this.#cancel(timer);
  }

  /** The earliest live timer, left in the queue. */
  peek(): Timer | undefined {
    while (this.#heap.length > 0 && this.#heap[0]?.action === undefined) this.#removeTop();
    return this.#heap[0];
  }

  /** Takes the earliest live timer out. */
  take(): (Timer & { action: () => void }) | undefined {
    const timer = this.peek();
    if (timer?.action === undefined) return undefined;
    this.#removeTop();
    if (!timer.background) this.#foreground--;
    const { action } = timer;
    timer.action = undefined;
    return { ...timer, action };
  }

  #cancel(timer: Timer): void {
    if (timer.action === undefined) return;
    timer.action = undefined;
    if (!timer.background) this.#foreground--;
  }

  #removeTop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#siftDown();
  }

  #siftUp(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#swapIfEarlier(index, parent)) return;
      index = parent;
    }
  }

  #siftDown(): void {
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const child = this.#isEarlier(left + 1, left) ? left + 1 : left;
      if (!this.#swapIfEarlier(child, index)) return;
      index = child;
    }
  }

  #isEarlier(index: number, than: number): boolean {
    const a = this.#heap[index];
    const b = this.#heap[than];
    if (a === undefined || b === undefined) return false;
    return a.time < b.time || (a.time === b.time && a.order < b.order);
  }

  #swapIfEarlier(index: number, than: number): boolean {
    const a = this.#heap[index];
    const b = this.#heap[than];
    if (a === undefined || b === undefined || !this.#isEarlier(index, than)) return false;
    this.#heap[index] = b;
    this.#heap[than] = a;
    return true;
  }
}
