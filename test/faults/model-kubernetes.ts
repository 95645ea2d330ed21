import type { KubeClient } from '#kube/client.ts';
import { KubeError } from '#kube/errors.ts';
import { formatKey, type KubeObject, type ObjectKey, type ResourceType } from '#kube/resource.ts';

/** One write, as a watch would tell of it. */
export interface ModelEvent {
  plural: string;
  kind: 'put' | 'deleted';
  object: KubeObject;
}

type Calls = Pick<KubeClient, 'get' | 'list' | 'create' | 'replaceStatus' | 'applyStatus' | 'patch' | 'remove'>;

/**
 * Kubernetes as far as an operator can tell, in memory and without time: one resourceVersion for everything, writes
 * that are refused when something came between, status apart from spec, finalizers that hold deleted objects. Each
 * write is told to `onWrite` at once; when it reaches a store is the test's to decide.
 */
export class ModelKubernetes {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #onWrite: (event: ModelEvent) => void;
  #version = 0;
  #uids = 0;

  constructor(onWrite: (event: ModelEvent) => void) {
    this.#onWrite = onWrite;
  }

  /** How many writes there were. */
  get version(): number {
    return this.#version;
  }

  all<T extends KubeObject>({ plural }: ResourceType): T[] {
    return structuredClone([...(this.#objects.get(plural)?.values() ?? [])]) as T[];
  }

  /** What a person does: changes the spec, and with it the generation. */
  edit<T extends KubeObject & { spec: object }>(type: ResourceType, key: ObjectKey, change: Partial<T['spec']>): void {
    const object = this.#read<T>(type, key);
    const { metadata } = object;
    const spec = { ...object.spec, ...change };
    this.#put(type, { ...object, spec, metadata: { ...metadata, generation: (metadata.generation ?? 0) + 1 } });
  }

  /** The client that an operator gets. */
  client(): Calls {
    return {
      get: async (type, key) => this.#read(type, key),
      list: async <T extends KubeObject>(type: ResourceType) => ({
        items: this.all<T>(type),
        resourceVersion: String(this.#version),
      }),
      create: async (type, object) => this.#create(type, object),
      replaceStatus: async (type, object) => this.#writeStatus(type, object),
      applyStatus: async <T extends KubeObject>(type: ResourceType, object: KubeObject) =>
        this.#writeStatus(type, object) as T,
      patch: async <T extends KubeObject>(type: ResourceType, key: ObjectKey, patch: unknown) =>
        this.#patchFinalizers(type, key, patch as JsonPatch) as T,
      remove: async (type, key) => this.#remove(type, key),
    };
  }

  #of(plural: string): Map<string, KubeObject> {
    const present = this.#objects.get(plural) ?? new Map<string, KubeObject>();
    this.#objects.set(plural, present);
    return present;
  }

  #read<T extends KubeObject>({ plural }: ResourceType, key: ObjectKey): T {
    const object = this.#objects.get(plural)?.get(formatKey(key));
    if (!object) throw failure(404, 'NotFound', `${plural} "${key.name}" not found`);
    return structuredClone(object) as T;
  }

  #put<T extends KubeObject>({ plural }: ResourceType, object: T): T {
    this.#version += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    this.#of(plural).set(formatKey(stored.metadata), stored);
    this.#onWrite({ plural, kind: 'put', object: structuredClone(stored) });
    return structuredClone(stored);
  }

  #create<T extends KubeObject>(type: ResourceType, object: T): T {
    if (this.#of(type.plural).has(formatKey(object.metadata))) {
      throw failure(409, 'AlreadyExists', `${type.plural} "${object.metadata.name}" already exists`);
    }
    this.#uids += 1;
    const metadata = { ...object.metadata, uid: `uid-${this.#uids}`, generation: 1 };
    return this.#put(type, { ...object, metadata });
  }

  #writeStatus<T extends KubeObject & { status?: unknown }>(type: ResourceType, object: T): T {
    const present = this.#read<T>(type, object.metadata);
    this.#expectVersion(present, object.metadata.resourceVersion);
    const status = JSON.parse(JSON.stringify(object.status ?? {})) as unknown;
    return this.#put(type, { ...present, status });
  }

  #patchFinalizers(type: ResourceType, key: ObjectKey, patch: JsonPatch): KubeObject {
    const present = this.#read<KubeObject>(type, key);
    for (const { op, path, value } of patch) {
      if (op === 'test') this.#expectVersion(present, value as string);
      else if (path === '/metadata/finalizers') present.metadata.finalizers = value as string[];
      else throw new Error(`the model knows no patch of ${path}`);
    }
    const gone = present.metadata.deletionTimestamp && present.metadata.finalizers?.length === 0;
    return gone ? this.#delete(type, present) : this.#put(type, present);
  }

  #remove(type: ResourceType, key: ObjectKey): void {
    const present = this.#read<KubeObject>(type, key);
    if (!present.metadata.finalizers?.length) this.#delete(type, present);
    else if (!present.metadata.deletionTimestamp) {
      const metadata = { ...present.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
      this.#put(type, { ...present, metadata: { ...metadata, generation: (metadata.generation ?? 0) + 1 } });
    }
  }

  #delete({ plural }: ResourceType, object: KubeObject): KubeObject {
    this.#version += 1;
    this.#of(plural).delete(formatKey(object.metadata));
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    this.#onWrite({ plural, kind: 'deleted', object: last });
    return structuredClone(last);
  }

  #expectVersion({ metadata }: KubeObject, expected: string | undefined): void {
    if (expected === undefined || expected === metadata.resourceVersion) return;
    throw failure(409, 'Conflict', 'the object has been modified; please apply your changes to the latest version');
  }
}

type JsonPatch = { op: string; path: string; value?: unknown }[];

const failure = (status: number, reason: string, message: string) => new KubeError({ status, reason, message });
