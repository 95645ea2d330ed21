import type { VirtualMachine, VmOperation, VmQuota, VmSnapshot } from '#api/kinds.ts';
import type { ChangeKind, Store } from '#kube/store.ts';
import type { Logger } from '#kube/telemetry.ts';
import type { Health, StreamChange } from '#portal/api.ts';
import type { Sees, Viewer } from '../access/viewer.ts';
import type { Stream } from './stream.ts';
import { eventText, listJson, type Texts } from './texts.ts';

/** What streams show. */
export interface HubOptions {
  machines: Store<VirtualMachine>;
  quotas: Store<VmQuota>;
  texts: Texts;
  log: Logger;
}

/** Somebody's stream. */
export interface Subscriber {
  viewer: Viewer;
  stream: Stream;
}

type Watched = VirtualMachine | VmQuota | VmOperation | VmSnapshot;
type EventName = 'machine' | 'quota' | 'operation' | 'machineSnapshot';

const eventTypes: Record<ChangeKind, StreamChange<never>['type']> = {
  added: 'ADDED',
  updated: 'MODIFIED',
  deleted: 'DELETED',
};

/** Tells every open page of what changed, as far as its person may see it. */
export class Hub {
  readonly #options: HubOptions;
  readonly #subscribers = new Set<Subscriber>();

  constructor(options: HubOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#subscribers.size;
  }

  /** The people whose pages are open. */
  viewers(): Set<Viewer> {
    return new Set([...this.#subscribers].map(({ viewer }) => viewer));
  }

  /** Begins with a snapshot, and goes on until the answer's `leave`. */
  join(subscriber: Subscriber): () => void {
    const { viewer } = subscriber;
    this.snapshot(subscriber);
    const forget = viewer.onChange((namespace, before, after) => this.#onSight(subscriber, namespace, before, after));
    this.#subscribers.add(subscriber);
    return () => {
      forget();
      this.#subscribers.delete(subscriber);
    };
  }

  /** Sends everything that the person sees. */
  snapshot({ viewer, stream }: Subscriber): void {
    const { texts } = this.#options;
    const { machines, quotas } = this.seenBy(viewer);
    const json = `{"machines":${listJson(texts, machines)},"quotas":${listJson(texts, quotas)}}`;
    stream.sendAlways(eventText('snapshot', json));
  }

  /** All that a person sees. */
  seenBy(viewer: Viewer): { machines: VirtualMachine[]; quotas: VmQuota[] } {
    const { machines, quotas } = this.#options;
    const seen = { machines: [] as VirtualMachine[], quotas: [] as VmQuota[] };
    for (const namespace of viewer.namespaces()) {
      const sees = viewer.sees(namespace);
      for (const object of machines.byIndex('namespace', namespace)) {
        if (sees.machine(object.metadata.name)) seen.machines.push(object);
      }
      if (sees.quotas) seen.quotas.push(...quotas.byIndex('namespace', namespace));
    }
    return seen;
  }

  onMachine(kind: ChangeKind, object: VirtualMachine): void {
    this.#tell('machine', kind, object, sees => sees.machine(object.metadata.name));
  }

  onQuota(kind: ChangeKind, object: VmQuota): void {
    this.#tell('quota', kind, object, sees => sees.quotas);
  }

  onOperation(kind: ChangeKind, object: VmOperation): void {
    this.#tell('operation', kind, object, sees => sees.operations && sees.machine(object.spec.vmName));
  }

  onSnapshot(kind: ChangeKind, object: VmSnapshot): void {
    this.#tell('machineSnapshot', kind, object, sees => sees.snapshots && sees.machine(object.spec.vmName));
  }

  onHealth(health: Health): void {
    const text = eventText('health', JSON.stringify(health));
    for (const { stream } of this.#subscribers) stream.send(text);
  }

  /** One text for all; whose page it goes to is a look into a map for each. */
  #tell(name: EventName, kind: ChangeKind, object: Watched, isSeen: (sees: Sees) => boolean): void {
    const { namespace = '' } = object.metadata;
    let text: string | undefined;
    for (const { viewer, stream } of this.#subscribers) {
      if (!viewer.knows(namespace)) this.#meet(viewer, namespace);
      if (!isSeen(viewer.sees(namespace))) continue;
      text ??= this.#text(name, eventTypes[kind], object);
      stream.send(text);
    }
  }

  /** A namespace that is new to a person: when it turns out that they see it, `#onSight` sends what is in it. */
  #meet(viewer: Viewer, namespace: string): void {
    viewer.look(namespace).catch(error => this.#options.log.warn({ err: error }, 'rights could not be asked for'));
  }

  #onSight({ stream }: Subscriber, namespace: string, before: Sees, after: Sees): void {
    const { machines, quotas } = this.#options;
    const send = (name: EventName, object: Watched, was: boolean, is: boolean) => {
      if (was === is) return;
      // Of what the person may not see any more, nothing is told but its name.
      const { uid, name: objectName } = object.metadata;
      const told = is ? object : ({ metadata: { namespace, name: objectName, uid } } as Watched);
      stream.send(this.#text(name, is ? 'ADDED' : 'DELETED', told));
    };
    for (const object of machines.byIndex('namespace', namespace)) {
      const { name } = object.metadata;
      send('machine', object, before.machine(name), after.machine(name));
    }
    for (const object of quotas.byIndex('namespace', namespace)) send('quota', object, before.quotas, after.quotas);
  }

  #text(name: EventName, type: StreamChange<never>['type'], object: object): string {
    return eventText(name, `{"type":"${type}","object":${this.#options.texts.jsonOf(object)}}`);
  }
}
