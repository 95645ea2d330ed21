import {
  proxmoxClusters,
  type VirtualMachine,
  type VmOperation,
  virtualMachines,
  vmOperations,
  vmQuotas,
  vmTemplates,
} from '#api/kinds.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import type { VmOperationSpec } from '#api/vm-operation.ts';
import { namespaces, secrets } from '#kube/builtin.ts';
import { VirtualClock } from '#simulator/engine/clock.ts';
import { createSimulator, type Simulator } from '#simulator/simulator.ts';
import type { Durations } from '#simulator/tasks/durations.ts';
import { CallCounter, type FaultPlan } from './fault.ts';
import { Invariants, Violation } from './invariants.ts';
import { type ModelEvent, ModelKubernetes, type ModelSnapshot } from './model-kubernetes.ts';
import { OperatorLife } from './operator-life.ts';
import { adoptee, cluster, type Limits, oneMachine, quotaOf, seed, template, token } from './seed.ts';

/** How a run is to go. */
export interface FaultWorldOptions {
  plan: FaultPlan;
  durations: Partial<Durations>;
  /** Numbers in [0, 1): jitter of the operator, and lag of its watches. */
  random: () => number;
  watch: WatchMood;
  /** Operators at the same time: more than one is what a missing election comes to. Default: 1. */
  operators?: number;
  /** Room in the namespace. Default: for one machine. */
  limits?: Limits;
  /** Whether Proxmox has a machine that is there to be adopted. Default: no. */
  adoptee?: boolean;
}

/** How the watches of a run behave. */
export interface WatchMood {
  /** Most virtual milliseconds between a write and its arrival. */
  lagMs: number;
  /** Share of the events that come a second time, be it after later ones. */
  twice: number;
  /** Share of the events that never come. */
  missing: number;
}

/** No moment has more events than this, unless an operator goes round in a circle. */
const mostAtOnce = 1_000;

/** Time between two lists where watches miss events. A reflector's is ten times as long; virtual time costs, too. */
export const relistMs = 60_000;

/** How long a crashed operator takes to be back. */
const restartMs = 3_000;

/**
 * Kubernetes, Proxmox and operators in one process and on one clock. A dead operator is followed by another one that
 * knows only what is stored. Invariants are looked at after every event.
 */
export class FaultWorld {
  readonly clock = new VirtualClock();
  readonly simulator: Simulator;
  readonly kubernetes: ModelKubernetes;
  readonly counter: CallCounter;
  readonly invariants: Invariants;
  readonly #options: FaultWorldOptions;
  /** Those that live, each with the time when the last event reaches its watch: events never overtake each other. */
  readonly #lives = new Map<OperatorLife, number>();
  #crashes = 0;
  #ended = false;
  #stepsAtOnce = 0;

  constructor(options: FaultWorldOptions) {
    this.#options = options;
    this.counter = new CallCounter(options.plan);
    const vms = options.adoptee ? [...(seed.vms ?? []), adoptee] : seed.vms;
    this.simulator = createSimulator({ ...seed, vms }, { clock: this.clock, durations: options.durations });
    this.kubernetes = new ModelKubernetes(
      event => this.#onWrite(event),
      () => this.clock.now(),
    );
    this.invariants = new Invariants(this.simulator, this.kubernetes, options.limits);
    if (options.adoptee) this.invariants.addAdoptee(adoptee.vmid);
  }

  get crashes(): number {
    return this.#crashes;
  }

  /** Sets the stage and starts the first operators. */
  async begin(): Promise<void> {
    const client = this.kubernetes.client();
    const data = Object.fromEntries(
      Object.entries(token).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    );
    const secret = { metadata: { name: 'proxmox', namespace: 'berth-system' }, data };
    await client.create(secrets, secret);
    await client.create(namespaces, { metadata: { name: 'team-a' } });
    await client.create(proxmoxClusters, cluster);
    await client.create(vmTemplates, template);
    await client.create(vmQuotas, quotaOf(this.#options.limits ?? oneMachine));
    for (let operator = 0; operator < (this.#options.operators ?? 1); operator++) this.#start();
  }

  create(name: string, spec: Partial<VirtualMachineSpec> = {}): Promise<VirtualMachine> {
    return this.kubernetes.client().create<VirtualMachine>(virtualMachines, {
      metadata: { name, namespace: 'team-a' },
      spec: {
        source: { template: { name: 'debian' } },
        resources: { cpu: 2, memory: '1Gi' },
        disks: [{ name: 'root', size: '4Gi' }],
        powerState: 'Running',
        deletionPolicy: 'Delete',
        ...spec,
      },
    });
  }

  /** Asks for something to be done to a machine once. */
  operate(vmName: string, type: VmOperationSpec['type'], spec: Partial<VmOperationSpec> = {}): Promise<VmOperation> {
    return this.kubernetes.client().create<VmOperation>(vmOperations, {
      metadata: { name: `${vmName}-${type.toLowerCase()}`, namespace: 'team-a' },
      spec: { vmName, type, requester: 'someone', deadlineSeconds: 1_800, ttlSecondsAfterFinished: 10, ...spec },
    });
  }

  operations(): VmOperation[] {
    return this.kubernetes.all<VmOperation>(vmOperations);
  }

  machine(name: string): VirtualMachine | undefined {
    return this.kubernetes.peek<VirtualMachine>(virtualMachines, { namespace: 'team-a', name });
  }

  /** Lets time pass until something holds; answers false when it did not within so many virtual milliseconds. */
  async until(holds: () => boolean, withinMs: number): Promise<boolean> {
    const deadline = this.clock.now() + withinMs;
    while (!holds()) {
      if (this.clock.now() > deadline) return false;
      await this.step();
    }
    return true;
  }

  /** Lets so many virtual milliseconds pass. */
  async pass(ms: number): Promise<void> {
    await this.until(() => false, ms);
  }

  /** What an administrator does who is told to: `qm unlock` of every abandoned VMID. */
  unlockAbandoned(): void {
    for (const vmid of this.invariants.abandoned) delete this.simulator.state.vms[vmid]?.config.current.lock;
  }

  /** Ends the operators, takes Kubernetes back to what it was once, and starts an operator on that. */
  async restore(snapshot: ModelSnapshot): Promise<void> {
    this.end();
    this.kubernetes.restore(snapshot);
    this.invariants.forget();
    this.#ended = false;
    this.#start();
  }

  /** Ends every operator for good. */
  end(): void {
    this.#ended = true;
    for (const life of this.#lives.keys()) life.crash();
  }

  /** One event, and all that follows from it without waiting. */
  async step(): Promise<void> {
    const before = this.clock.now();
    this.clock.step();
    this.#stepsAtOnce = this.clock.now() === before ? this.#stepsAtOnce + 1 : 0;
    if (this.#stepsAtOnce > mostAtOnce) throw new Violation('I10: it calls and calls without a pause');
    await new Promise(resolve => setImmediate(resolve));
    this.invariants.check();
  }

  #start(): void {
    const { clock, simulator, kubernetes, counter } = this;
    const { random } = this.#options;
    const life: OperatorLife = new OperatorLife({
      clock,
      simulator,
      kubernetes,
      counter,
      random,
      onCrash: () => this.#onCrash(life),
      onReplace: () => this.#replaceMachine(),
    });
    this.#lives.set(life, clock.now());
    life.list();
    if (this.#options.watch.missing > 0) this.#listAgain(life);
  }

  #listAgain(life: OperatorLife): void {
    this.clock.background(this.clock.now() + relistMs, () => {
      if (!this.#lives.has(life)) return;
      life.list();
      this.#listAgain(life);
    });
  }

  #onCrash(life: OperatorLife): void {
    this.#lives.delete(life);
    if (this.#ended) return;
    this.#crashes += 1;
    this.clock.at(this.clock.now() + restartMs, () => this.#start());
  }

  /** A stranger's machine, whole and running, takes the place of ours. */
  #replaceMachine(): void {
    const { vms } = this.simulator.state;
    const [ours, theirs] = [this.machine('web-1')?.status?.vmid, structuredClone(vms[500])];
    const busy = this.simulator.world.tasks.running().some(task => task.id === String(ours));
    if (ours === undefined || theirs === undefined || busy || vms[ours]?.config.current.lock !== undefined) return;
    vms[ours] = { ...theirs, vmid: ours };
    this.invariants.addStranger(ours);
  }

  #onWrite(event: ModelEvent): void {
    this.invariants.wrote(event);
    const { random, watch } = this.#options;
    const lag = () => Math.floor(watch.lagMs * random());
    for (const [life, deliveredUntil] of this.#lives) {
      const at = Math.max(this.clock.now() + lag(), deliveredUntil);
      this.#lives.set(life, at);
      if (watch.missing > 0 && random() < watch.missing) continue;
      this.clock.at(at, () => life.deliver(event));
      if (watch.twice > 0 && random() < watch.twice) this.clock.at(at + lag(), () => life.deliver(event));
    }
  }
}
