import { QemuMachine } from './qemu-machine.ts';

/** More machines than this have a drawn screen; each takes about 100 MB and its share of the processor. */
const LIMIT = 8;

/** What a machine of the cluster does at the moment. */
export interface Wanted {
  vmid: number;
  name: string;
  /** Differs after each start, so that a machine that was off in between is a new one. */
  run: string;
  /** How often it was reset since. */
  resets: number;
  isPaused: boolean;
}

interface Member {
  run: string;
  resets: number;
  isPaused: boolean;
  machine: Promise<QemuMachine>;
}

/** Real machines that follow what runs in the cluster. */
export class QemuFleet {
  readonly #program: string;
  readonly #report: (problem: unknown) => void;
  readonly #members = new Map<number, Member>();
  readonly #ending = new Set<Promise<void>>();

  /** @param program From findQemu. @param report Hears of machines that did not start, pause or end. */
  constructor(program: string, report: (problem: unknown) => void) {
    this.#program = program;
    this.#report = report;
  }

  /** Starts, resets, pauses and ends machines so that they are as those that are wanted. Answers at once. */
  follow(wanted: readonly Wanted[]): void {
    const runs = new Map(wanted.map(each => [each.vmid, each]));
    for (const [vmid, { run }] of this.#members) if (runs.get(vmid)?.run !== run) this.#end(vmid);
    for (const each of wanted) {
      const member = this.#members.get(each.vmid);
      if (member) this.#change(member, each);
      else if (this.#members.size < LIMIT) this.#start(each);
    }
  }

  #change(member: Member, { isPaused, resets }: Wanted): void {
    if (member.resets !== resets) {
      member.resets = resets;
      member.machine.then(machine => machine.reset()).catch(this.#report);
    }
    if (member.isPaused !== isPaused) {
      member.isPaused = isPaused;
      member.machine.then(machine => machine.pause(isPaused)).catch(this.#report);
    }
  }

  /** The machine of that VMID; undefined where it has none. */
  find(vmid: number): Promise<QemuMachine> | undefined {
    return this.#members.get(vmid)?.machine;
  }

  /** Ends all machines and resolves when they are gone. */
  async close(): Promise<void> {
    for (const vmid of [...this.#members.keys()]) this.#end(vmid);
    await Promise.all(this.#ending);
  }

  #start({ vmid, name, run, resets, isPaused }: Wanted): void {
    const machine = QemuMachine.start(this.#program, name);
    this.#members.set(vmid, { run, resets, isPaused, machine });
    machine.then(started => (isPaused ? started.pause(true) : undefined)).catch(this.#report);
  }

  #end(vmid: number): void {
    const member = this.#members.get(vmid);
    if (!member) return;
    this.#members.delete(vmid);
    const ending = member.machine.then(machine => machine.quit()).catch(this.#report);
    this.#ending.add(ending);
    void ending.finally(() => this.#ending.delete(ending));
  }
}
