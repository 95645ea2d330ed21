import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import { type Charge, demandOf } from '../amounts.ts';
import type { Random } from './random.ts';

/** A VirtualMachine as the API server has it. */
export interface Machine {
  name: string;
  uid: string;
  generation: number;
  spec: VirtualMachineSpec;
  deleted: boolean;
}

/** What somebody asks of the API server. */
export interface Wish {
  kind: 'create' | 'grow' | 'shrink' | 'delete';
  /** Whether it turns the machine on or off as well. */
  turns?: 'start' | 'stop';
  machine: Machine;
}

/** A spec of a size. */
export const specOf = (cpu: number, running: boolean, owner: string): VirtualMachineSpec => ({
  source: { template: { name: 'debian' } },
  owner,
  resources: { cpu, memory: '1Gi' },
  disks: [{ name: 'root', size: '1Gi' }],
  powerState: running ? 'Running' : 'Stopped',
  deletionPolicy: 'Delete',
});

/** Few, so that what is done to one name meets often. */
const names = ['a', 'b', 'c'];

/** The machines of one namespace, in the API server and in Proxmox. */
export class Machines {
  readonly #random: Random;
  readonly #stored = new Map<string, Machine>();
  readonly #proxmox = new Map<string, { charge: Charge; digest: number }>();
  readonly #entered = new Set<string>();
  #uids = 0;
  #digests = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  stored = (name: string): Machine | undefined => this.#stored.get(name);
  all = (): Machine[] => [...this.#stored.values()];
  inProxmox = (name: string) => this.#proxmox.get(name);
  allInProxmox = () => this.#proxmox.entries();
  isEntered = (name: string): boolean => this.#entered.has(name);

  /** Any machine, as it is now: what a pass begins with. */
  pick(): Machine | undefined {
    const all = this.all();
    return all[this.#random.integer(Math.max(all.length, 1))];
  }

  /** Something that a person might ask for now. */
  wish(): Wish {
    const { integer } = this.#random;
    const name = names[integer(names.length)] ?? 'a';
    const present = this.#stored.get(name);
    const owner = integer(3) === 0 ? 'bob' : 'alice';
    const spec = specOf(1 + integer(4), integer(3) > 0, present?.spec.owner ?? owner);
    if (!present) {
      this.#uids += 1;
      return { kind: 'create', machine: { name, uid: `u${this.#uids}`, generation: 0, spec, deleted: false } };
    }
    if (integer(3) === 0) return { kind: 'delete', machine: present };
    const grows = spec.resources.cpu >= present.spec.resources.cpu;
    const turns = spec.powerState === 'Running' ? 'start' : 'stop';
    const isTurned = spec.powerState !== present.spec.powerState;
    return { kind: grows ? 'grow' : 'shrink', ...(isTurned && { turns }), machine: { ...present, spec } };
  }

  /** The API server takes a request in, if it is still about what is there. */
  store({ kind, machine }: Wish): void {
    const present = this.#stored.get(machine.name);
    if (kind === 'create' ? present : present?.uid !== machine.uid) return;
    const generation = (present?.generation ?? 0) + 1;
    const deleted = kind === 'delete' || (present?.deleted ?? false);
    this.#stored.set(machine.name, {
      ...machine,
      generation,
      spec: present?.deleted ? present.spec : machine.spec,
      deleted,
    });
  }

  /** Proxmox' digest of a configuration, 0 where there is none. */
  digest = (name: string): number => this.#proxmox.get(name)?.digest ?? 0;

  /** Begins the part of a pass that ends in a call; undefined while another is in that part. */
  enter({ name }: Machine): (() => void) | undefined {
    if (this.#entered.has(name)) return undefined;
    this.#entered.add(name);
    return () => this.#entered.delete(name);
  }

  /** Makes a machine in Proxmox what its spec says; refused if somebody changed it since it was looked at. */
  act(seen: Machine, digest: number): void {
    const { name, uid } = seen;
    if (this.digest(name) !== digest || this.#stored.get(name)?.uid !== uid || this.#stored.get(name)?.deleted) return;
    this.#digests += 1;
    this.#proxmox.set(name, { charge: demandOf(seen.spec), digest: this.#digests });
  }

  /** Destroys a machine in Proxmox. Answers whether it is proven to be gone: not while a call may still land. */
  destroy({ name, uid }: Machine): boolean {
    if (this.#entered.has(name) || this.#stored.get(name)?.uid !== uid) return false;
    this.#proxmox.delete(name);
    return true;
  }

  /** Takes the finalizer off. */
  finish({ name, uid }: Machine): void {
    if (this.#stored.get(name)?.uid === uid) this.#stored.delete(name);
  }
}
