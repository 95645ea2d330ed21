import { compareResourceVersions, type KubeObject, keyOf } from './resource.ts';

/** What happened to an object. */
export type ChangeKind = 'added' | 'updated' | 'deleted';

/** One step in the life of one object; `object` is its last known state. */
export interface Change<T> {
  key: string;
  kind: ChangeKind;
  object: T;
}

/** Answers the values under which an object is found, such as the names that it refers to. */
export type Indexer<T> = (object: T) => readonly string[];

/**
 * The objects of one type as a reflector last saw them. Only a reflector writes into it; readers share the objects and
 * never change them.
 */
export class Store<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, { indexer: Indexer<T>; keys: Map<string, Set<string>> }>();
  #resourceVersion: string | undefined;

  /** `indexers` are named ways to find objects, kept up to date with each change. */
  constructor(indexers: Record<string, Indexer<T>> = {}) {
    for (const [name, indexer] of Object.entries(indexers)) this.#indexes.set(name, { indexer, keys: new Map() });
  }

  /** The object of that key, or undefined. */
  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  /** All objects, in no order that means anything. */
  list(): T[] {
    return [...this.#objects.values()];
  }

  /** The number of objects. */
  get size(): number {
    return this.#objects.size;
  }

  /** The objects that an index holds under `value`. Throws a TypeError for an index that does not exist. */
  byIndex(indexName: string, value: string): T[] {
    const index = this.#indexes.get(indexName);
    if (!index) throw new TypeError(`the store has no index "${indexName}"`);
    return [...(index.keys.get(value) ?? [])].flatMap(key => this.#objects.get(key) ?? []);
  }

  /** How far the store has seen the collection: the resourceVersion of its last list, event or bookmark. */
  get resourceVersion(): string | undefined {
    return this.#resourceVersion;
  }

  /**
   * True once the store has seen what the collection was at `resourceVersion`, say that of an own write. The events of
   * one collection come in order, so one number stands for all keys, and a deleted object needs no exception.
   */
  hasSeen(resourceVersion: string): boolean {
    return this.#resourceVersion !== undefined && compareResourceVersions(this.#resourceVersion, resourceVersion) >= 0;
  }

  /** Notes how far the collection was seen. A list may lower it: etcd was restored. */
  advance(resourceVersion: string): void {
    this.#resourceVersion = resourceVersion;
  }

  /**
   * Takes in an object as it is now. Answers what that means: nothing for a state known already, and for another UID
   * under the same name the deletion of the old object before the addition of the new one.
   */
  put(object: T): Change<T>[] {
    const key = keyOf(object);
    const before = this.#objects.get(key);
    if (before && before.metadata.uid !== object.metadata.uid) {
      return [...this.delete(key, before), ...this.put(object)];
    }
    if (before && before.metadata.resourceVersion === object.metadata.resourceVersion) return [];
    const stored = withoutManagedFields(object);
    if (before) this.#unindex(key, before);
    this.#objects.set(key, stored);
    this.#index(key, stored);
    return [{ key, kind: before ? 'updated' : 'added', object: stored }];
  }

  /** Takes in that `object`, in its last state, is gone. Answers nothing where another one has its name by now. */
  delete(key: string, object: T): Change<T>[] {
    const before = this.#objects.get(key);
    if (!before || before.metadata.uid !== object.metadata.uid) return [];
    this.#unindex(key, before);
    this.#objects.delete(key);
    return [{ key, kind: 'deleted', object: withoutManagedFields(object) }];
  }

  #index(key: string, object: T): void {
    for (const { indexer, keys } of this.#indexes.values()) {
      for (const value of indexer(object)) {
        const found = keys.get(value);
        if (found) found.add(key);
        else keys.set(value, new Set([key]));
      }
    }
  }

  #unindex(key: string, object: T): void {
    for (const { indexer, keys } of this.#indexes.values()) {
      for (const value of indexer(object)) {
        const found = keys.get(value);
        found?.delete(key);
        if (found?.size === 0) keys.delete(value);
      }
    }
  }
}

/**
 * managedFields are often a third of an object, and no controller reads them. A copy without them stays a compact
 * object; `delete` would turn it into a slow and large dictionary.
 */
function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (!('managedFields' in object.metadata)) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
