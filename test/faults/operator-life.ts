import { proxmoxClusters, virtualMachines, vmOperations, vmQuotas, vmSnapshots, vmTemplates } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';
import type { Clock as KubeClock } from '#kube/clock.ts';
import { runController } from '#kube/controller.ts';
import { KubeError } from '#kube/errors.ts';
import type { ChangeHandler } from '#kube/reflector.ts';
import { compareResourceVersions, type KubeObject, keyOf, type ResourceType } from '#kube/resource.ts';
import type { Store } from '#kube/store.ts';
import { silentLogger } from '#kube/telemetry.ts';
import { type Assembly, assemble } from '#operator/assembly.ts';
import { parseMarker } from '#operator/core/marker.ts';
import type { Call } from '#proxmox/call.ts';
import type { Clock } from '#proxmox/clock.ts';
import type { HttpTransport } from '#proxmox/transport.ts';
import { poolOfVm } from '#simulator/auth/membership.ts';
import type { VirtualClock } from '#simulator/engine/clock.ts';
import type { Simulator } from '#simulator/simulator.ts';
import type { CallCounter } from './fault.ts';
import { inProcessTransport, lostAnswer } from './in-process-transport.ts';
import type { ModelEvent, ModelKubernetes } from './model-kubernetes.ts';

/** What an operator of a run lives in. */
export interface Surroundings {
  clock: VirtualClock;
  simulator: Simulator;
  kubernetes: ModelKubernetes;
  counter: CallCounter;
  /** Numbers in [0, 1). */
  random: () => number;
  /** Told when a fault has ended this operator. */
  onCrash: () => void;
  /** Told when a stranger is to take the machine's VMID. */
  onReplace: () => void;
}

/** How long a call waits for its answer unless it says otherwise, as in the real transport. */
const deadlineMs = 35_000;

/** How long a worker lives that is killed: it has written its configuration, and not yet copied a disk of seconds. */
const workerLifeMs = 500;

/** How often it is looked whether a worker is at its last step, which takes a second or more. */
const lookMs = 200;

/** A promise of a dead process: nobody will ever know. */
const never = <T>(): Promise<T> => new Promise<T>(() => {});

const verbs = ['get', 'list', 'create', 'replaceStatus', 'applyStatus', 'patch', 'remove'] as const;

/** One operator from its start to its end: the real parts, on a virtual clock, with faults at the boundaries. */
export class OperatorLife {
  readonly #world: Surroundings;
  readonly #assembly: Assembly;
  readonly #stop = new AbortController();
  #alive = true;

  constructor(world: Surroundings) {
    this.#world = world;
    const { clock } = world;
    const proxmoxClock: Clock = { now: () => clock.now(), after: (ms, run) => clock.background(clock.now() + ms, run) };
    const queueClock: KubeClock = {
      now: () => clock.now(),
      date: () => new Date(clock.now()),
      schedule: (ms, task) => clock.background(clock.now() + ms, task),
    };
    this.#assembly = assemble({
      kube: this.#kube(),
      events: { record: () => {}, close: async () => {} },
      clusterId: 'k8s',
      log: silentLogger,
      openTransport: options => this.#transport(inProcessTransport(world.simulator, options)),
      clock: proxmoxClock,
      queueClock,
      random: world.random,
    });
    const { queues, reconcilers } = this.#assembly;
    for (const name of ['clusters', 'templates', 'quotas', 'operations', 'snapshots', 'machines'] as const) {
      const base = { name, queue: queues[name], reconcile: reconcilers[name], clock: queueClock };
      void runController({ ...base, concurrency: 4, signal: this.#stop.signal });
    }
  }

  /** Takes in everything, as a reflector does by a list: at its start, and when it knows or fears that it missed something. */
  list(): void {
    if (!this.#alive) return;
    const { kubernetes } = this.#world;
    for (const { type, store, tell } of this.#reflections()) {
      const listed = kubernetes.all<KubeObject>(type);
      const changes = listed.flatMap(object => store.put(object));
      const missing = store
        .list()
        .filter(object => !listed.some(({ metadata }) => keyOf({ metadata }) === keyOf(object)));
      changes.push(...missing.flatMap(object => store.delete(keyOf(object), object)));
      store.advance(String(kubernetes.version));
      for (const { key, kind, object } of changes) tell(key, kind, object, 'list');
    }
  }

  /** Takes in what a watch brings. What is older than what was seen already says that the watch cannot be relied on. */
  deliver({ plural, kind, object }: ModelEvent): void {
    const reflection = this.#reflections().find(({ type }) => type.plural === plural);
    if (!this.#alive || !reflection) return;
    const { store, tell } = reflection;
    const version = object.metadata.resourceVersion ?? '0';
    if (compareResourceVersions(version, store.resourceVersion ?? '0') < 0) {
      this.list();
      return;
    }
    store.advance(version);
    const changes = kind === 'put' ? store.put(object) : store.delete(keyOf(object), object);
    for (const change of changes) tell(change.key, change.kind, change.object, 'watch');
  }

  #reflections(): Reflection[] {
    const { resources, wake } = this.#assembly;
    const reflection = <T extends KubeObject>(type: ResourceType, store: Store<T>, tell: ChangeHandler<T>) =>
      // A store of one type never holds another one's objects.
      ({ type, store, tell }) as unknown as Reflection;
    return [
      reflection(proxmoxClusters, resources.clusters, wake.onCluster),
      reflection(vmTemplates, resources.templates, wake.onTemplate),
      reflection(vmQuotas, resources.quotas, wake.onQuota),
      reflection(vmOperations, resources.operations, wake.onOperation),
      reflection(vmSnapshots, resources.snapshots, wake.onSnapshot),
      reflection(virtualMachines, resources.machines, wake.onMachine),
    ];
  }

  /** Ends this operator at once, in the middle of whatever it does. */
  crash(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#stop.abort();
    for (const { name } of this.#assembly.links.all()) void this.#assembly.links.disconnect(name);
    this.#world.onCrash();
  }

  #transport(real: HttpTransport): HttpTransport {
    return {
      ...real,
      request: call =>
        this.#guard(
          `proxmox ${call.method} ${call.path}`,
          () => real.request(call),
          () => lostAnswer(call as Call),
          call.timeoutMs,
        ),
    };
  }

  #kube(): KubeClient {
    const real = this.#world.kubernetes.client();
    const guarded = Object.fromEntries(
      verbs.map(verb => [
        verb,
        (...args: [never, never, never]) =>
          this.#guard(
            `kubernetes ${verb} ${(args[0] as { plural: string }).plural}`,
            () => (real[verb] as (...args: unknown[]) => Promise<unknown>)(...args),
            () => new KubeError({ status: 0, reason: 'Unanswered', message: 'socket hang up' }),
          ),
      ]),
    );
    // The model has the calls that an operator makes; the assembly is typed by the whole client.
    return guarded as unknown as KubeClient;
  }

  #unanswered(timeoutMs: number, lost: () => Error): Promise<never> {
    const { clock } = this.#world;
    return new Promise((_, reject) => {
      clock.at(clock.now() + timeoutMs, () => (this.#alive ? reject(lost()) : undefined));
    });
  }

  /** As the kernel does when a node runs out of memory: nothing is cleaned up. */
  #killWorker(upid: string): void {
    const { clock, simulator } = this.#world;
    clock.at(clock.now() + workerLifeMs, () => simulator.world.tasks.kill(upid));
  }

  /** The same at its very last step: the lock is gone, and the machine is in no pool. */
  #killLast(upid: string): void {
    const { clock, simulator } = this.#world;
    const { vms, tasks } = simulator.state;
    const look = () => {
      const running = tasks[upid]?.exitstatus === undefined;
      const done = Object.values(vms).some(({ vmid, config }) => {
        const { description = '', lock } = config.current;
        return (
          parseMarker(description)?.vmid === vmid && lock === undefined && poolOfVm(simulator.state, vmid) === undefined
        );
      });
      if (running && done) simulator.world.tasks.kill(upid);
      else if (running) clock.at(clock.now() + lookMs, look);
    };
    look();
  }

  /** Makes a call unless this operator is dead, and lets go wrong what is planned to. */
  #guard<T>(what: string, call: () => Promise<T>, lost: () => Error, timeoutMs = deadlineMs): Promise<T> {
    if (!this.#alive) return never();
    const fault = this.#world.counter.next(what);
    if (fault === 'hangs') return this.#unanswered(timeoutMs, lost);
    if (fault === 'crashBefore') {
      this.crash();
      return never();
    }
    // Between a look at the marker and a stop there is a gap that Proxmox leaves to everybody; it is no fault of ours.
    if (fault === 'replaced' && what.endsWith('/config')) this.#world.onReplace();
    const answer = call();
    if (fault === 'workerKilled')
      answer.then(
        upid => this.#killWorker(String(upid)),
        () => {},
      );
    if (fault === 'workerKilledLast')
      answer.then(
        upid => this.#killLast(String(upid)),
        () => {},
      );
    if (fault === 'crashAfter') {
      answer.catch(() => {});
      this.crash();
      return never();
    }
    const heard = answer.then(
      value => (this.#alive ? value : never<T>()),
      error => (this.#alive ? Promise.reject(error) : never<T>()),
    );
    if (fault !== 'answerLost') return heard;
    return heard.then(
      () => Promise.reject(lost()),
      () => Promise.reject(lost()),
    );
  }
}

/** A store with what is told of its changes. */
interface Reflection {
  type: ResourceType;
  store: Store<KubeObject>;
  tell: ChangeHandler<KubeObject>;
}
