import type { Cancel, Clock } from './clock.ts';
import { PveError } from './errors.ts';
import { isSteps, type Mortal, type Steps, type Wait } from './process.ts';

/** As flock(2): many readers or one writer. */
export type LockMode = 'shared' | 'exclusive';

interface Lock {
  holders: Set<Hold>;
  /** First come, first served. */
  waiters: { hold: Hold; granted: () => void }[];
}

interface Hold {
  readonly mode: LockMode;
}

/** A file lock did not come in time. The text is Proxmox's own [PVE::Tools::lock_file]. */
class LockTimeout extends PveError {
  constructor(file: string) {
    super(`can't lock file '${file}' - got timeout`);
  }
}

/** A lock in hand. It goes when it is released or its process ends. */
export class HeldLock {
  readonly #drop: () => void;
  #forget: Cancel;

  constructor(process: Mortal, drop: () => void) {
    this.#drop = drop;
    this.#forget = process.onExit(drop);
  }

  release(): void {
    this.#forget();
    this.#drop();
  }

  /** A forked process inherits the lock: nobody gets in between. */
  handOver(process: Mortal): void {
    this.#forget();
    this.#forget = process.onExit(this.#drop);
  }
}

/**
 * The file locks of the whole cluster, by path. They are not the `lock:` of a VM's configuration: those stay behind when
 * a worker is killed, while the kernel drops these.
 */
export class FileLocks {
  readonly #clock: Clock;
  readonly #locks = new Map<string, Lock>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `body` under the lock; throws LockTimeout if it does not come within `timeoutMs`. */
  *holding<T>(process: Mortal, file: string, mode: LockMode, timeoutMs: number, body: () => Steps<T> | T): Steps<T> {
    const lock = yield* this.acquire(process, file, mode, timeoutMs);
    try {
      const outcome = body();
      return isSteps(outcome) ? yield* outcome : outcome;
    } finally {
      lock.release();
    }
  }

  /** Takes the lock for `process`. */
  *acquire(process: Mortal, file: string, mode: LockMode, timeoutMs: number): Steps<HeldLock> {
    const hold: Hold = { mode };
    const lock = this.#lock(file);
    if (lock.waiters.length === 0 && isFree(lock, mode)) lock.holders.add(hold);
    else yield* this.#queue(process, file, lock, hold, timeoutMs);
    return new HeldLock(process, () => this.#release(file, lock, hold));
  }

  *#queue(process: Mortal, file: string, lock: Lock, hold: Hold, timeoutMs: number): Steps<void> {
    process.print('trying to acquire lock...');
    yield this.#turn(file, lock, hold, timeoutMs);
    if (!lock.holders.has(hold)) throw new LockTimeout(file);
    process.print(' OK');
  }

  /** Whether nobody holds the lock. */
  isFree(file: string): boolean {
    return (this.#locks.get(file)?.holders.size ?? 0) === 0;
  }

  /** Takes the lock for a stranger outside the API, until the answer is called. Throws if it is taken. */
  seize(file: string): Cancel {
    const hold: Hold = { mode: 'exclusive' };
    const lock = this.#lock(file);
    if (!isFree(lock, 'exclusive')) throw new Error(`${file} is locked already`);
    lock.holders.add(hold);
    return () => this.#release(file, lock, hold);
  }

  #lock(file: string): Lock {
    const known = this.#locks.get(file);
    if (known !== undefined) return known;
    const lock: Lock = { holders: new Set(), waiters: [] };
    this.#locks.set(file, lock);
    return lock;
  }

  /** Waits for the turn of `hold` or the timeout. The one who releases never runs the next one on its own stack. */
  #turn(file: string, lock: Lock, hold: Hold, timeoutMs: number): Wait {
    return resume => {
      let cancelTimer = this.#clock.at(this.#clock.now() + timeoutMs, () => {
        this.#leave(file, lock, hold);
        resume();
      });
      const granted = () => {
        cancelTimer();
        cancelTimer = this.#clock.at(this.#clock.now(), resume);
      };
      lock.waiters.push({ hold, granted });
      return () => {
        cancelTimer();
        this.#leave(file, lock, hold);
        this.#release(file, lock, hold);
      };
    };
  }

  #leave(file: string, lock: Lock, hold: Hold): void {
    lock.waiters = lock.waiters.filter(waiter => waiter.hold !== hold);
    this.#serve(file, lock);
  }

  #release(file: string, lock: Lock, hold: Hold): void {
    if (lock.holders.delete(hold)) this.#serve(file, lock);
  }

  #serve(file: string, lock: Lock): void {
    for (let next = lock.waiters[0]; next !== undefined && isFree(lock, next.hold.mode); next = lock.waiters[0]) {
      lock.waiters.shift();
      lock.holders.add(next.hold);
      next.granted();
    }
    if (lock.holders.size === 0 && lock.waiters.length === 0) this.#locks.delete(file);
  }
}

function isFree(lock: Lock, mode: LockMode): boolean {
  if (lock.holders.size === 0) return true;
  return mode === 'shared' && [...lock.holders].every(holder => holder.mode === 'shared');
}
