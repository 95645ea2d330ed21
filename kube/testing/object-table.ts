import { randomUUID } from 'node:crypto';
import { type KubeObject, keyOf } from '../resource.ts';

/** An object as the server stores it, whatever its type. */
export type StoredObject = KubeObject & { spec?: unknown; status?: unknown; data?: unknown };

/** One entry of the history, which watches replay. */
export interface TableEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** `group/version/plural`. */
  collection: string;
  object: StoredObject;
  revision: number;
}

/** Objects with one revision counter and a history, as etcd has them. */
export class ObjectTable {
  readonly #collections = new Map<string, Map<string, StoredObject>>();
  readonly #listeners = new Set<(event: TableEvent) => void>();
  #history: TableEvent[] = [];
  #compactedRevision = 0;
  #revision = 1000;

  get revision(): number {
    return this.#revision;
  }

  get(collection: string, key: string): StoredObject | undefined {
    return this.#collections.get(collection)?.get(key);
  }

  list(collection: string): StoredObject[] {
    return [...(this.#collections.get(collection)?.values() ?? [])];
  }

  /** Stores a new state: of the object that is there, or of a new one. */
  put(collection: string, object: StoredObject): StoredObject {
    const key = keyOf(object);
    const before = this.get(collection, key);
    if (before && isLastFinalizerGone(before, object)) return this.delete(collection, key) ?? before;
    const stored = this.#stamp(object, before);
    const objects = this.#collections.get(collection) ?? new Map<string, StoredObject>();
    this.#collections.set(collection, objects.set(key, stored));
    this.#append(before ? 'MODIFIED' : 'ADDED', collection, stored);
    return stored;
  }

  /** Removes an object, or marks it where finalizers hold it. */
  remove(collection: string, key: string): StoredObject | undefined {
    const object = this.get(collection, key);
    if (!object?.metadata.finalizers?.length) return this.delete(collection, key);
    const deletionTimestamp = object.metadata.deletionTimestamp ?? now();
    return this.put(collection, { ...object, metadata: { ...object.metadata, deletionTimestamp } });
  }

  /** Removes an object whatever holds it. */
  delete(collection: string, key: string): StoredObject | undefined {
    const object = this.get(collection, key);
    if (!object) return undefined;
    this.#collections.get(collection)?.delete(key);
    this.#revision += 1;
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } };
    this.#append('DELETED', collection, last);
    return last;
  }

  /** Forgets the history: a watch from an older revision is then refused with 410. */
  compact(): void {
    this.#history = [];
    this.#compactedRevision = this.#revision;
  }

  /** The events after `revision`, or undefined where those are compacted. */
  since(revision: number): TableEvent[] | undefined {
    if (revision < this.#compactedRevision) return undefined;
    return this.#history.filter(event => event.revision > revision);
  }

  /** Calls `listener` for every event to come, until the returned function is called. */
  listen(listener: (event: TableEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #stamp(object: StoredObject, before: StoredObject | undefined): StoredObject {
    this.#revision += 1;
    const specChanged = JSON.stringify(object.spec) !== JSON.stringify(before?.spec);
    const generation = (before?.metadata.generation ?? 0) + (specChanged || !before ? 1 : 0);
    return {
      ...object,
      metadata: {
        ...object.metadata,
        uid: before?.metadata.uid ?? randomUUID(),
        creationTimestamp: before?.metadata.creationTimestamp ?? now(),
        generation,
        resourceVersion: String(this.#revision),
      },
    };
  }

  #append(type: TableEvent['type'], collection: string, object: StoredObject): void {
    const event = { type, collection, object, revision: this.#revision };
    this.#history.push(event);
    for (const listener of this.#listeners) listener(event);
  }
}

function isLastFinalizerGone(before: StoredObject, after: StoredObject): boolean {
  return before.metadata.deletionTimestamp !== undefined && !after.metadata.finalizers?.length;
}

function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}
