import {
  type ProxmoxCluster,
  type VirtualMachine,
  type VmOperation,
  type VmQuota,
  type VmSnapshot,
  virtualMachines,
  vmQuotas,
} from '#api/kinds.ts';
import { parseMarker } from '#operator/core/marker.ts';
import { operationTasks } from '#operator/core/operation.ts';
import { snapshotNameOf } from '#operator/core/snapshot.ts';
import { poolOfVm } from '#simulator/auth/membership.ts';
import type { Simulator } from '#simulator/simulator.ts';
import type { ModelEvent, ModelKubernetes } from './model-kubernetes.ts';
import { cluster, type Limits, oneMachine, strangers } from './seed.ts';

/** A promise that was broken, with what was seen. */
export class Violation extends Error {}

/** Volumes that are no disks of a machine: its cloud-init drive, and the memory in its snapshots, which count by number. */
const notCounted = /cloudinit|-state-/;

/**
 * What must hold at every moment, read from Proxmox' own state and not from what anybody says of it. The numbers are
 * those of the invariants: one machine per resource (I1), nothing foreign touched (I3), no more in Proxmox than the quota
 * allows (I4), a finalizer leaves only what is gone (I7), a generation never goes back (I8), a machine is complete only in
 * the pool of its namespace (I11), an operation happens once at most (I13), an adopted machine is never cloned, nor
 * destroyed against its policy (I14), snapshots of other people stay as they are (I15), and a machine that is to run is
 * neither stopped nor restarted unless somebody asks for it (I16).
 */
export class Invariants {
  readonly #simulator: Simulator;
  readonly #kubernetes: ModelKubernetes;
  readonly #limits: Limits;
  #strangers: number[] = [...strangers];
  #asTheyWere: string;
  #abandoned: ReadonlySet<number> = new Set();
  readonly #uids = new Map<string, string | undefined>();
  readonly #generations = new Map<string, number>();
  /** How many operations were asked for, by the type of their task, and the uids of them. */
  readonly #asked = new Map<string, Set<string>>(Object.values(operationTasks).map(type => [type, new Set()]));
  /** VMID of a machine that was there before its resource, and whether that may take it along by now. */
  #adoptee: { vmid: number; mayGo: boolean } | undefined;
  /** Snapshots that people have taken in Proxmox, and how they were. */
  #byHand: { vmid: number; names: string[]; asTheyWere: string } | undefined;
  #stops = 0;
  readonly #complete = new Set<string>();
  /** What was broken by a write, until the next look at the world. */
  #seen: Violation | undefined;

  constructor(simulator: Simulator, kubernetes: ModelKubernetes, limits: Limits = oneMachine) {
    this.#limits = limits;
    this.#simulator = simulator;
    this.#kubernetes = kubernetes;
    this.#asTheyWere = this.#picture();
  }

  /** From now on what stands under this VMID is somebody else's. */
  addStranger(vmid: number): void {
    this.#strangers.push(vmid);
    this.#asTheyWere = this.#picture();
  }

  /** From now on the machine under this VMID is one that is there to be adopted. */
  addAdoptee(vmid: number): void {
    this.#adoptee = { vmid, mayGo: false };
  }

  /** From now on these snapshots of a machine are other people's. */
  addByHand(vmid: number, names: string[]): void {
    this.#byHand = { vmid, names, asTheyWere: this.#pictureOfSnapshots(vmid, names) };
  }

  /** Forgets what Kubernetes said before: it was taken back to an older state. */
  forget(): void {
    this.#generations.clear();
  }

  /** VMIDs that are out of use until an administrator has unlocked what is left there. */
  get abandoned(): ReadonlySet<number> {
    return this.#abandoned;
  }

  /** Looks at the world; throws {@link Violation}. */
  check(): void {
    if (this.#seen) throw this.#seen;
    this.#oneMachinePerResource();
    this.#withinQuota();
    this.#oncePerOperation();
    this.#adopteeAsDeclared();
    this.#byHandAsTheyWere();
    this.#runsOn();
    if (this.#picture() !== this.#asTheyWere) throw new Violation('I3: a machine of somebody else was changed');
  }

  /** Looks at a write to Kubernetes as it happens. */
  wrote({ plural, kind, object }: ModelEvent): void {
    if (plural === 'proxmoxclusters') {
      const { status } = object as ProxmoxCluster;
      this.#abandoned = new Set(status?.abandoned?.map(({ vmid }) => vmid));
    }
    if (plural === 'vmsnapshots' && kind === 'deleted') this.#isGone(object as VmSnapshot);
    if (plural === 'vmoperations') this.#noteOperation(object as VmOperation);
    if (plural !== 'virtualmachines') return;
    const { metadata, status, spec } = object as VirtualMachine;
    const uid = metadata.uid ?? '';
    if (this.#adoptee && metadata.deletionTimestamp && spec.deletionPolicy === 'Delete') this.#adoptee.mayGo = true;
    if (kind === 'deleted' && spec.deletionPolicy === 'Delete') {
      const left = this.#machinesOf(uid);
      const vmid = status?.vmid;
      const occupied =
        vmid !== undefined && this.#simulator.state.vms[vmid] !== undefined && !this.#strangers.includes(vmid);
      if (left.length > 0 || occupied)
        throw new Violation(`I7: ${metadata.name} went, its VM ${left[0] ?? vmid} did not`);
    }
    if (status?.createdAt === undefined) this.#complete.delete(uid);
    else if (!this.#complete.has(uid)) {
      this.#complete.add(uid);
      this.#inItsPool(object as VirtualMachine);
    }
    const observed = status?.observedGeneration ?? -1;
    if (observed < (this.#generations.get(uid) ?? -1)) throw new Violation('I8: observedGeneration went back');
    this.#generations.set(uid, observed);
  }

  #isGone(snapshot: VmSnapshot): void {
    const name = snapshotNameOf(snapshot);
    const holder = Object.values(this.#simulator.state.vms).find(({ config }) => config.snapshots[name] !== undefined);
    if (holder) throw new Violation(`I7: the snapshot ${snapshot.metadata.name} went, VM ${holder.vmid} still has it`);
  }

  /** What is left in Proxmox that no resource accounts for: machines, and volumes that belong to none (I2). */
  leaks(): string[] {
    const { vms, storages } = this.#simulator.state;
    const held = new Set(this.#kubernetes.all<VirtualMachine>(virtualMachines).map(({ status }) => status?.vmid));
    const machines = Object.values(vms)
      .filter(({ vmid }) => !this.#strangers.includes(vmid) && !held.has(vmid) && !this.#abandoned.has(vmid))
      .map(({ vmid }) => `VM ${vmid}`);
    const volumes = Object.values(storages).flatMap(({ id, places }) =>
      Object.values(places).flatMap(place =>
        Object.entries(place.volumes)
          .filter(([, volume]) => volume.vmid !== undefined && vms[volume.vmid] === undefined)
          .map(([name]) => `${id}:${name}`),
      ),
    );
    const entries = this.#kubernetes
      .all<VmQuota>(vmQuotas)
      .flatMap(({ status }) => [...(status?.allocations ?? []), ...(status?.snapshots ?? [])])
      .map(line => `in the quota's ledger: ${line}`);
    return [...machines, ...volumes, ...entries];
  }

  #oneMachinePerResource(): void {
    const owners = new Map<string, number>();
    for (const { vmid, config } of Object.values(this.#simulator.state.vms)) {
      if (this.#abandoned.has(vmid)) continue;
      const uid = this.#uidIn(config.current.description);
      if (uid === undefined) continue;
      const other = owners.get(uid);
      if (other !== undefined) throw new Violation(`I1: VMs ${other} and ${vmid} are both of ${uid}`);
      owners.set(uid, vmid);
    }
  }

  #noteOperation({ metadata, spec }: VmOperation): void {
    const task = operationTasks[spec.type];
    this.#asked.set(task, (this.#asked.get(task) ?? new Set()).add(metadata.uid ?? ''));
  }

  #oncePerOperation(): void {
    for (const [type, asked] of this.#asked) {
      const told = this.tasks(type).length;
      if (told > asked.size) throw new Violation(`I13: ${told} tasks ${type} for ${asked.size} operations`);
    }
  }

  #adopteeAsDeclared(): void {
    if (this.#adoptee === undefined) return;
    const { vmid, mayGo } = this.#adoptee;
    if (this.tasks('qmclone').length > 0) throw new Violation('I14: a clone is made for a machine that is adopted');
    if (mayGo) return;
    const isTouched = this.tasks('qmdestroy').length > 0 || this.#simulator.state.vms[vmid] === undefined;
    if (isTouched) throw new Violation('I14: an adopted machine is destroyed against its policy');
  }

  /** A machine takes all its snapshots with it. */
  #byHandAsTheyWere(): void {
    if (this.#byHand === undefined) return;
    const { vmid, names, asTheyWere } = this.#byHand;
    if (this.#simulator.state.vms[vmid] === undefined || this.tasks('qmdestroy').length > 0) return;
    if (this.#pictureOfSnapshots(vmid, names) !== asTheyWere)
      throw new Violation('I15: a snapshot of somebody else was changed');
  }

  /** That it is restarted only by operations is told by their number. */
  #runsOn(): void {
    const stops = [...this.tasks('qmstop'), ...this.tasks('qmshutdown')];
    const isNew = stops.length > this.#stops;
    this.#stops = stops.length;
    if (!isNew) return;
    const undisturbed = this.#kubernetes
      .all<VirtualMachine>(virtualMachines)
      .filter(({ metadata, spec }) => spec.powerState === 'Running' && !metadata.deletionTimestamp);
    const stopped = undisturbed.find(({ status }) => stops.some(({ id }) => id === String(status?.vmid)));
    if (stopped) throw new Violation(`I16: ${stopped.metadata.name} is to run, and is stopped`);
  }

  #pictureOfSnapshots(vmid: number, names: string[]): string {
    const { snapshots = {} } = this.#simulator.state.vms[vmid]?.config ?? {};
    return JSON.stringify(names.map(name => snapshots[name]));
  }

  /** The tasks of one type that there were in Proxmox. */
  tasks(type: string) {
    return Object.values(this.#simulator.state.tasks).filter(task => task.type === type);
  }

  /** What a killed worker has left is not counted: whose room it takes nobody can say until it is unlocked. */
  #withinQuota(): void {
    const { vms, storages } = this.#simulator.state;
    const used = { vms: 0, cpu: 0, memoryMiB: 0, storageMiB: 0, snapshots: 0 };
    const ours = new Set<number>();
    for (const { vmid, config } of Object.values(vms)) {
      if (this.#strangers.includes(vmid) || this.#abandoned.has(vmid)) continue;
      const { cores = '1', sockets = '1', memory = '512' } = config.current;
      ours.add(vmid);
      used.vms += 1;
      used.snapshots += Object.keys(config.snapshots).filter(name => !this.#byHand?.names.includes(name)).length;
      used.cpu += Number(cores) * Number(sockets);
      used.memoryMiB += Number(memory);
    }
    for (const { places } of Object.values(storages)) {
      for (const { volumes } of Object.values(places)) {
        for (const name in volumes) {
          const { vmid = 0, size = 0 } = volumes[name] ?? {};
          if (ours.has(vmid) && !notCounted.test(name)) used.storageMiB += size / 2 ** 20;
        }
      }
    }
    for (const [what, limit] of Object.entries(this.#limits)) {
      const amount = used[what as keyof Limits];
      if (amount > limit) throw new Violation(`I4: ${amount} ${what} in Proxmox, and the quota allows ${limit}`);
    }
  }

  /** The uid in a description's marker; there are few descriptions, and they are looked at after every event. */
  #uidIn(description = ''): string | undefined {
    if (!this.#uids.has(description)) this.#uids.set(description, parseMarker(description)?.uid);
    return this.#uids.get(description);
  }

  /** A stranger that has taken the place is in no pool of ours, nor is a machine that is gone. */
  #inItsPool({ metadata: { name, namespace }, spec, status }: VirtualMachine): void {
    const vmid = status?.vmid ?? 0;
    if (spec.source.adopt || this.#strangers.includes(vmid) || !this.#simulator.state.vms[vmid]) return;
    const pool = poolOfVm(this.#simulator.state, vmid);
    const wanted = `${cluster.spec.poolPrefix}${namespace}`;
    // Thrown here it would reach the operator, as an error of its write.
    if (pool !== wanted)
      this.#seen ??= new Violation(`I11: ${name} is said to be complete, and is in the pool ${pool}`);
  }

  #machinesOf(uid: string): number[] {
    return Object.values(this.#simulator.state.vms)
      .filter(({ config }) => this.#uidIn(config.current.description) === uid)
      .map(({ vmid }) => vmid);
  }

  #picture(): string {
    const { vms } = this.#simulator.state;
    return JSON.stringify(this.#strangers.map(vmid => [vms[vmid]?.node, vms[vmid]?.config, vms[vmid]?.run?.pid]));
  }
}
