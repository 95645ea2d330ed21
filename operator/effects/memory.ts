import type { VirtualMachineStatus } from '#api/virtual-machine-status.ts';
import type { GuestView } from '../core/guest-view.ts';
import type { MachineNic } from '../core/machine.ts';
import type { ConfigView, Observed, TaskView } from '../core/observed.ts';
import { operationTasks } from '../core/operation.ts';

type OpenTask = NonNullable<VirtualMachineStatus['task']>;

const undertakingOf = ({ upid, cancelledAt }: OpenTask): string => `${upid} ${cancelledAt}`;

/** How long a configuration that was read is taken for true while only we have reason to change the machine. */
const configValidMs = 60_000;

/**
 * How long an operator that has undertaken to cancel a task may take to do so, and how long all others leave it alone:
 * in that time a worker that was told to end has ended, since Proxmox kills it after 5 s.
 */
const cancelMs = { own: 5_000, others: 10_000 };

/** How long a machine stands in line before that is told: most turns come sooner, and each report is a write. */
const quietLineMs = 3_000;

/** How long a guest has after its start before it is asked; the pause doubles each time that nobody answers. */
const firstGuestMs = 5_000;

/** How often a sweep asks a guest of itself: addresses change rarely, and each answer costs the node and the guest. */
const guestSweepMs = 3_600_000;

interface Recollection {
  config?: { view: ConfigView; readAt: number; rollback: string | undefined };
  /** The disk that Proxmox was last told to let grow. */
  grown?: Observed['grown'];
  /** Network cards as they were last read; their addresses stay. */
  nics?: MachineNic[];
  /** The UPID of a task that Proxmox was told to end. */
  cancelled?: string;
  /** An undertaking to cancel a task, whose it is, and since when we know of it. */
  undertaken?: { what: string; ours: boolean; since: number };
  taskEnd?: { upid: string; view: TaskView & { state: 'ended' } };
  /** Since when it stands in line for a task slot. */
  inLineSince?: number;
  /**
   * How often the guest was asked in vain since an occasion, when it is asked again (which is never while an answer is
   * awaited), and what it said that was not told yet.
   */
  guest?: { occasion: string; tries: number; nextAt: number; heard?: GuestView };
  /** When the time until the next sweep began, and how much of the interval it is to last. */
  sweep?: { since: number; share: number };
}

/** The rollback that a status tells of last, if it still does. */
const rollbackIn = ({ task, lastTask }: VirtualMachineStatus = {}): string | undefined =>
  [task, lastTask].find(known => known?.type === operationTasks.Rollback)?.upid;

/**
 * What this process remembers of each machine, by uid. Losing it costs reads and nothing else: all that matters stands
 * in the status or in Proxmox.
 */
export class MachineMemory {
  readonly #byUid = new Map<string, Recollection>();
  readonly #now: () => number;
  readonly #random: () => number;

  constructor(now: () => number, random: () => number) {
    this.#now = now;
    this.#random = random;
  }

  /** The recollection of a machine. */
  of(uid: string): Readonly<Recollection> {
    return this.#of(uid);
  }

  taskEnded(uid: string, upid: string, succeeded: boolean, message: string | undefined): void {
    this.#of(uid).taskEnd = { upid, view: { state: 'ended', succeeded, message } };
  }

  /** Notes that Proxmox was told to let a disk grow. */
  toldToGrow(uid: string, { disk, sizeMiB, digest }: NonNullable<Observed['grown']>): void {
    this.#of(uid).grown = { disk, sizeMiB, digest };
  }

  /** Notes that Proxmox was told to end a task. */
  taskCancelled(uid: string, upid: string): void {
    this.#of(uid).cancelled = upid;
  }

  /** Notes that we have undertaken to cancel the task, and that the status says so. */
  cancelUndertaken(uid: string, task: OpenTask): void {
    this.#of(uid).undertaken = { what: undertakingOf(task), ours: true, since: this.#now() };
  }

  /** Who is to cancel an open task; undefined where nobody has undertaken it, or did and then let it be. */
  cancelOf(uid: string, task: OpenTask): (TaskView & { state: 'running' })['cancel'] {
    const known = this.#of(uid);
    if (known.cancelled === task.upid) return 'sent';
    if (task.cancelledAt === undefined) return undefined;
    const what = undertakingOf(task);
    if (known.undertaken?.what !== what) known.undertaken = { what, ours: false, since: this.#now() };
    const { ours, since } = known.undertaken;
    const age = this.#now() - since;
    if (ours && age < cancelMs.own) return 'ours';
    return age < cancelMs.others ? 'theirs' : undefined;
  }

  /** Remembers a configuration, with the status that there was. */
  config(uid: string, view: ConfigView | undefined, status: VirtualMachineStatus | undefined): void {
    const memory = this.#of(uid);
    memory.config = view && { view, readAt: this.#now(), rollback: rollbackIn(status) };
    if (view?.found) memory.nics = view.config.nics;
  }

  /** Forgets the configuration: it was changed. */
  forgetConfig(uid: string): void {
    delete this.#of(uid).config;
  }

  /**
   * The configuration as it was read a moment ago, if nothing has changed it since that we or the status know of: another
   * operator may have taken the machine back to a snapshot.
   */
  validConfig(uid: string, status: VirtualMachineStatus | undefined): ConfigView | undefined {
    const known = this.#of(uid).config;
    if (!known || known.rollback !== rollbackIn(status)) return undefined;
    return this.#now() - known.readAt < configValidMs ? known.view : undefined;
  }

  /**
   * Notes whether a machine stands in line and will soon be next. Answers for how many milliseconds that need not be
   * told yet, 0 where it must, or where it does not.
   */
  quietMs(uid: string, nextInLine: boolean | undefined): number {
    const known = this.#of(uid);
    known.inLineSince = nextInLine ? (known.inLineSince ?? this.#now()) : undefined;
    return known.inLineSince === undefined ? 0 : Math.max(0, known.inLineSince + quietLineMs - this.#now());
  }

  /**
   * How often a guest was asked in vain since an occasion, such as its start, in how many milliseconds it is next, and
   * what is to be told of it.
   */
  guestTurn(uid: string, occasion: string): { tries: number; inMs: number; heard?: GuestView } {
    const memory = this.#of(uid);
    if (memory.guest?.occasion !== occasion) {
      memory.guest = { occasion, tries: 0, nextAt: this.#now() + firstGuestMs };
    }
    const { tries, nextAt, heard } = memory.guest;
    return { tries, inMs: nextAt - this.#now(), ...(heard && { heard }) };
  }

  /** Notes that a guest is being asked. */
  guestAsked(uid: string): void {
    const { guest } = this.#of(uid);
    if (guest) guest.nextAt = Number.POSITIVE_INFINITY;
  }

  /** Notes what a guest said; what it was asked on another occasion is of no interest any more. */
  guestHeard(uid: string, occasion: string, view: GuestView): void {
    const guest = this.#byUid.get(uid)?.guest;
    if (guest?.occasion === occasion) guest.heard = view;
  }

  /** Notes that what a guest said was told. */
  guestTold(uid: string): void {
    const { guest } = this.#of(uid);
    if (!guest?.heard) return;
    guest.tries += 1;
    guest.nextAt = this.#now() + (guest.heard.state === 'answered' ? guestSweepMs : firstGuestMs * 2 ** guest.tries);
    delete guest.heard;
  }

  /** Milliseconds until the machine is to be compared in full; the first time is a random one, to spread the reads. */
  untilSweep(uid: string, sweepMs: number): number {
    const known = this.#of(uid);
    known.sweep ??= { since: this.#now(), share: this.#random() };
    return known.sweep.since + sweepMs * known.sweep.share - this.#now();
  }

  /** Notes that the machine came to be as desired: it was compared on the way. Many do so at once, so it is spread. */
  compared(uid: string): void {
    this.#of(uid).sweep = { since: this.#now(), share: 0.5 + this.#random() };
  }

  /** Notes that the machine was compared in full. */
  swept(uid: string): void {
    this.#of(uid).sweep = { since: this.#now(), share: 0.9 + 0.2 * this.#random() };
  }

  forget(uid: string): void {
    this.#byUid.delete(uid);
  }

  #of(uid: string): Recollection {
    const known = this.#byUid.get(uid) ?? {};
    this.#byUid.set(uid, known);
    return known;
  }
}
