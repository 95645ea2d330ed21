import type { KubeClient } from '#kube/client.ts';
import { KubeError } from '#kube/errors.ts';
import { formatKey, type KubeObject, type ObjectKey, type ResourceType } from '#kube/resource.ts';

/** One write, as a watch would tell of it. */
export interface ModelEvent {
  plural: string;
  kind: 'put' | 'deleted';
  object: KubeObject;
}

/** Everything at one moment. */
export interface ModelSnapshot {
  version: number;
  objects: Map<string, Map<string, KubeObject>>;
}

type Calls = Pick<KubeClient, 'get' | 'list' | 'create' | 'replaceStatus' | 'applyStatus' | 'patch' | 'remove'>;

/**
 * Kubernetes as far as an operator can tell, in memory and without time: one resourceVersion for everything, writes
 * that are refused when something came between, status apart from spec, finalizers that hold deleted objects. Each
 * write is told to `onWrite` at once; when it reaches a store is the test's to decide. Everything that is given out is
 * frozen, so that it need not be copied.
 */
export class ModelKubernetes {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #onWrite: (event: ModelEvent) => void;
  readonly #now: () => number;
  /** The fields of each status that were applied last. */
  readonly #applied = new Map<string, Set<string>>();
  #version = 0;
  #uids = 0;

  /** `now` is in ms since the epoch. */
  constructor(onWrite: (event: ModelEvent) => void, now: () => number) {
    this.#onWrite = onWrite;
    this.#now = now;
  }

  /** How many writes there were. */
  get version(): number {
    return this.#version;
  }

  all<T extends KubeObject>({ plural }: ResourceType): T[] {
    return [...(this.#objects.get(plural)?.values() ?? [])] as T[];
  }

  /** An object as it stands, if there is one. */
  peek<T extends KubeObject>({ plural }: ResourceType, key: ObjectKey): T | undefined {
    return this.#objects.get(plural)?.get(formatKey(key)) as T | undefined;
  }

  /** Everything as it stands, to be taken back to by {@link restore}. */
  snapshot(): ModelSnapshot {
    return {
      version: this.#version,
      objects: new Map([...this.#objects].map(([plural, all]) => [plural, new Map(all)])),
    };
  }

  /** As etcd that is restored from a snapshot: nobody is told of it. */
  restore({ version, objects }: ModelSnapshot): void {
    this.#version = version;
    this.#objects.clear();
    for (const [plural, all] of objects) this.#objects.set(plural, new Map(all));
  }

  /** What a person does: changes the annotations. */
  annotate(type: ResourceType, key: ObjectKey, annotations: Record<string, string>): void {
    const object = this.#read<KubeObject>(type, key);
    this.#put(type, { ...object, metadata: { ...object.metadata, annotations } });
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
        this.#applyStatus(type, object) as T,
      patch: async <T extends KubeObject>(type: ResourceType, key: ObjectKey, patch: unknown) =>
        this.#patchMetadata(type, key, patch as JsonPatch) as T,
      remove: async (type, key) => this.#remove(type, key),
    };
  }

  #of(plural: string): Map<string, KubeObject> {
    const present = this.#objects.get(plural) ?? new Map<string, KubeObject>();
    this.#objects.set(plural, present);
    return present;
  }

  #read<T extends KubeObject>(type: ResourceType, key: ObjectKey): T {
    const object = this.peek<T>(type, key);
    if (!object) throw failure(404, 'NotFound', `${type.plural} "${key.name}" not found`);
    return object;
  }

  #put<T extends KubeObject>({ plural }: ResourceType, object: T): T {
    this.#version += 1;
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    const stored = frozenCopy({ ...object, metadata });
    this.#of(plural).set(formatKey(metadata), stored);
    this.#onWrite({ plural, kind: 'put', object: stored });
    return stored;
  }

  #create<T extends KubeObject>(type: ResourceType, object: T): T {
    if (this.#of(type.plural).has(formatKey(object.metadata))) {
      throw failure(409, 'AlreadyExists', `${type.plural} "${object.metadata.name}" already exists`);
    }
    this.#uids += 1;
    const creationTimestamp = new Date(this.#now()).toISOString();
    const metadata = { ...object.metadata, uid: `uid-${this.#uids}`, generation: 1, creationTimestamp };
    return this.#put(type, { ...object, metadata });
  }

  #writeStatus<T extends KubeObject & { status?: unknown }>(type: ResourceType, object: T): T {
    const present = this.#read<T>(type, object.metadata);
    this.#expectVersion(present, object.metadata.resourceVersion);
    return this.#put(type, { ...present, status: object.status ?? {} });
  }

  /** By fields, as server-side apply: what was applied before and is left out goes, what others have written stays. */
  #applyStatus(type: ResourceType, object: KubeObject & { status?: unknown }): KubeObject {
    const present = this.#read<KubeObject & { status?: object }>(type, object.metadata);
    const given = Object.entries(object.status ?? {}).filter(([, value]) => value !== undefined);
    const key = `${type.plural} ${formatKey(object.metadata)}`;
    const before = this.#applied.get(key) ?? new Set();
    const kept = Object.entries(present.status ?? {}).filter(([field]) => !before.has(field));
    const written = this.#writeStatus(type, { ...object, status: Object.fromEntries([...kept, ...given]) });
    this.#applied.set(key, new Set(given.map(([field]) => field)));
    return written;
  }

  #patchMetadata(type: ResourceType, key: ObjectKey, patch: JsonPatch): KubeObject {
    let present = this.#read<KubeObject>(type, key);
    for (const { op, path, value } of patch) {
      if (op === 'replace' && path === '/metadata/resourceVersion') this.#expectVersion(present, value as string);
      else if (path === '/metadata/finalizers' || path === '/metadata/ownerReferences')
        present = { ...present, metadata: { ...present.metadata, [path.replace('/metadata/', '')]: value } };
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
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    const last = frozenCopy({ ...object, metadata });
    this.#onWrite({ plural, kind: 'deleted', object: last });
    return last;
  }

  #expectVersion({ metadata }: KubeObject, expected: string | undefined): void {
    if (expected === undefined || expected === metadata.resourceVersion) return;
    throw failure(409, 'Conflict', 'the object has been modified; please apply your changes to the latest version');
  }
}

type JsonPatch = { op: string; path: string; value?: unknown }[];

/** As it would be after a way through JSON, and for good: nobody changes it in place. */
function frozenCopy<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  // What was given out comes back in most writes.
  if (Object.isFrozen(value)) return value;
  const copy = Array.isArray(value)
    ? value.map(frozenCopy)
    : Object.fromEntries(
        Object.entries(value).flatMap(([key, member]) => (member === undefined ? [] : [[key, frozenCopy(member)]])),
      );
  return Object.freeze(copy) as T;
}

const failure = (status: number, reason: string, message: string) => new KubeError({ status, reason, message });
