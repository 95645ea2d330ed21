/** A type of resource as the API server routes it, the core group being `''`. */
export interface ResourceType {
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
}

/** Who owns an object, for garbage collection. */
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** The metadata that every object has, as far as controllers use it. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  creationTimestamp?: string;
  deletionTimestamp?: string;
}

/** What all objects of Kubernetes have in common; concrete types add `spec`, `status` or `data`. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

/** The place of one object; `namespace` is absent for a cluster-scoped one. */
export interface ObjectKey {
  namespace?: string;
  name: string;
}

/** `namespace/name`, or `name` for a cluster-scoped object: the key of stores and queues. */
export function keyOf(object: KubeObject): string {
  return formatKey(object.metadata);
}

/** Writes a place as a key. Names hold no slash, so `parseKey` reads it back. */
export function formatKey({ namespace, name }: ObjectKey): string {
  return namespace ? `${namespace}/${name}` : name;
}

/** Reads `namespace/name` or `name` back. */
export function parseKey(key: string): ObjectKey {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** `apiVersion` of a type: `v1`, or `group/version`. */
export function apiVersionOf(type: ResourceType): string {
  return type.group ? `${type.group}/${type.version}` : type.version;
}

/** The URL path of a collection: of one namespace, or of the whole cluster where none is given. */
export function collectionPath(type: ResourceType, namespace?: string): string {
  const root = type.group ? `/apis/${type.group}/${type.version}` : `/api/${type.version}`;
  const scope = type.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${type.plural}`;
}

/** The URL path of one object. Throws a TypeError where a namespaced type comes without namespace. */
export function objectPath(type: ResourceType, { namespace, name }: ObjectKey, subresource?: 'status'): string {
  if (type.namespaced && !namespace) throw new TypeError(`${type.kind} ${name} needs a namespace`);
  if (!name) throw new TypeError(`${type.kind} needs a name`);
  const path = `${collectionPath(type, namespace)}/${encodeURIComponent(name)}`;
  return subresource ? `${path}/${subresource}` : path;
}

/**
 * Compares two resourceVersions: negative, zero or positive as `a` is older, equal or newer. They are decimal numbers
 * without limit, comparable within one type of resource since Kubernetes 1.35 says so (KEP-5504), and in fact long
 * before.
 */
export function compareResourceVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
