import { z } from 'zod';
import type { Connection } from './connection.ts';
import { KubeError } from './errors.ts';
import {
  apiVersionOf,
  collectionPath,
  type KubeObject,
  type ObjectKey,
  objectPath,
  type ResourceType,
} from './resource.ts';

/** What every call takes. */
export interface CallOptions {
  signal?: AbortSignal;
  /** Milliseconds for the whole call; the connection's limit where absent. */
  timeoutMs?: number;
}

/** Which objects of a type to list. */
export interface ListOptions extends CallOptions {
  /** All namespaces where absent. */
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  /** Objects a page; 250 where absent. */
  pageSize?: number;
}

/** A page of a list: the resourceVersion is that of the whole list, the same on each page. */
export interface Page<T> {
  items: T[];
  resourceVersion: string;
}

/** How a server-side apply goes: `force` takes over fields that another manager owns. */
export interface ApplyOptions extends CallOptions {
  fieldManager: string;
  force?: boolean;
  /** Validates and answers the outcome, but stores nothing. */
  dryRun?: boolean;
}

/** What an apply declares: only the fields that this manager wants to own. */
export type ApplyConfiguration = KubeObject & { spec?: unknown; status?: unknown; data?: unknown };

/** One operation of RFC 6902. A leading {@link unchangedSince}, or a `test` (422 where it fails), guards the rest. */
export type JsonPatchOperation =
  | { op: 'add' | 'replace' | 'test'; path: string; value: unknown }
  | { op: 'remove'; path: string };

/**
 * Refuses a JSON patch (409) where the object has changed since. A `test` of the version would be answered with a 422 that
 * says nothing, as for a patch that is wrong.
 */
export const unchangedSince = ({ resourceVersion }: KubeObject['metadata']): JsonPatchOperation => ({
  op: 'replace',
  path: '/metadata/resourceVersion',
  value: resourceVersion,
});

/** RFC 7386: an object whose nulls delete. */
export type MergePatch = Record<string, unknown>;

/** Where and by whom a patch is made. */
export interface PatchOptions extends CallOptions {
  subresource?: 'status';
  fieldManager?: string;
}

/** How an object is removed. */
export interface RemoveOptions extends CallOptions {
  /** Refuses (409) where the object of that name is another one by now. */
  uid?: string;
  /** Refuses (409) where the object has changed. */
  resourceVersion?: string;
  propagation?: 'Background' | 'Foreground' | 'Orphan';
}

/** Typed calls for any type of resource. Each rejects with a `KubeError`. */
export interface KubeClient {
  get<T extends KubeObject>(type: ResourceType, key: ObjectKey, options?: CallOptions): Promise<T>;
  /** Every object, page after page, as of one resourceVersion. */
  list<T extends KubeObject>(type: ResourceType, options?: ListOptions): Promise<Page<T>>;
  /** The same page by page, for collections that should not be in memory twice. */
  pages<T extends KubeObject>(type: ResourceType, options?: ListOptions): AsyncGenerator<Page<T>, void, void>;
  create<T extends KubeObject>(type: ResourceType, object: T, options?: CallOptions): Promise<T>;
  /** PUT of the object. With its resourceVersion this is compare-and-swap: a conflict where somebody was faster. */
  replace<T extends KubeObject>(type: ResourceType, object: T, options?: CallOptions): Promise<T>;
  /** PUT of the status alone, with the same compare-and-swap. */
  replaceStatus<T extends KubeObject>(type: ResourceType, object: T, options?: CallOptions): Promise<T>;
  /** Server-side apply. A conflict (409) without `force` names the other managers. */
  apply<T extends KubeObject>(type: ResourceType, object: ApplyConfiguration, options: ApplyOptions): Promise<T>;
  /** Server-side apply of the status subresource. */
  applyStatus<T extends KubeObject>(type: ResourceType, object: ApplyConfiguration, options: ApplyOptions): Promise<T>;
  /** JSON patch where `patch` is a list of operations, merge patch where it is an object. */
  patch<T extends KubeObject>(
    type: ResourceType,
    key: ObjectKey,
    patch: JsonPatchOperation[] | MergePatch,
    options?: PatchOptions,
  ): Promise<T>;
  /** Asks for removal; an object with finalizers stays until they are gone. */
  remove(type: ResourceType, key: ObjectKey, options?: RemoveOptions): Promise<void>;
  /** The way below, for what has no type: subject access reviews, discovery, watches. */
  readonly connection: Connection;
}

/** A page is big, and slow where etcd is: three times an ordinary request. */
const listTimeoutMs = 30_000;

/** Half of client-go's: the text of a page is most of what a list takes in memory beyond its objects. */
const defaultPageSize = 250;

const objectSchema = z.looseObject({ metadata: z.looseObject({ name: z.string() }) });

const listSchema = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.custom<KubeObject>(isKubeObject)),
});

/** Makes the typed calls over a connection. */
export function createKubeClient(connection: Connection): KubeClient {
  async function* pages<T extends KubeObject>(type: ResourceType, options: ListOptions = {}) {
    let continueToken: string | undefined;
    do {
      const answer = await connection.request({
        method: 'GET',
        path: collectionPath(type, options.namespace),
        query: {
          limit: options.pageSize ?? defaultPageSize,
          continue: continueToken,
          labelSelector: options.labelSelector,
          fieldSelector: options.fieldSelector,
        },
        signal: options.signal,
        timeoutMs: options.timeoutMs ?? listTimeoutMs,
      });
      const { metadata, items } = checked(listSchema, answer);
      // Items of core types come without them.
      for (const item of items) Object.assign(item, { apiVersion: apiVersionOf(type), kind: type.kind });
      yield { items: items as T[], resourceVersion: metadata.resourceVersion };
      continueToken = metadata.continue || undefined;
    } while (continueToken);
  }

  async function list<T extends KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<Page<T>> {
    const whole: Page<T> = { items: [], resourceVersion: '' };
    for await (const page of pages<T>(type, options)) {
      whole.items.push(...page.items);
      whole.resourceVersion = page.resourceVersion;
    }
    return whole;
  }

  const put = async <T extends KubeObject>(
    type: ResourceType,
    object: T,
    subresource: 'status' | undefined,
    options: CallOptions = {},
  ) => {
    const path = objectPath(type, object.metadata, subresource);
    const body = withType(type, object);
    return answeredObject<T>(await connection.request({ method: 'PUT', path, body, ...options }));
  };

  const applyTo = async <T extends KubeObject>(
    type: ResourceType,
    object: ApplyConfiguration,
    subresource: 'status' | undefined,
    { fieldManager, force, dryRun, ...options }: ApplyOptions,
  ) =>
    answeredObject<T>(
      await connection.request({
        method: 'PATCH',
        path: objectPath(type, object.metadata, subresource),
        query: { fieldManager, force, dryRun: dryRun ? 'All' : undefined },
        body: withType(type, object),
        contentType: 'application/apply-patch+yaml',
        ...options,
      }),
    );

  return {
    connection,
    pages,
    list,
    async get<T extends KubeObject>(type: ResourceType, key: ObjectKey, options: CallOptions = {}) {
      return answeredObject<T>(await connection.request({ method: 'GET', path: objectPath(type, key), ...options }));
    },
    async create<T extends KubeObject>(type: ResourceType, object: T, options: CallOptions = {}) {
      const path = collectionPath(type, object.metadata.namespace);
      const body = withType(type, object);
      return answeredObject<T>(await connection.request({ method: 'POST', path, body, ...options }));
    },
    replace: (type, object, options) => put(type, object, undefined, options),
    replaceStatus: (type, object, options) => put(type, object, 'status', options),
    apply: (type, object, options) => applyTo(type, object, undefined, options),
    applyStatus: (type, object, options) => applyTo(type, object, 'status', options),
    async patch<T extends KubeObject>(
      type: ResourceType,
      key: ObjectKey,
      patch: JsonPatchOperation[] | MergePatch,
      { subresource, fieldManager, ...options }: PatchOptions = {},
    ) {
      return answeredObject<T>(
        await connection.request({
          method: 'PATCH',
          path: objectPath(type, key, subresource),
          query: { fieldManager },
          body: patch,
          contentType: Array.isArray(patch) ? 'application/json-patch+json' : 'application/merge-patch+json',
          ...options,
        }),
      );
    },
    async remove(type, key, { uid, resourceVersion, propagation, ...options }: RemoveOptions = {}) {
      await connection.request({
        method: 'DELETE',
        path: objectPath(type, key),
        body: {
          apiVersion: 'meta.k8s.io/v1',
          kind: 'DeleteOptions',
          preconditions: { uid, resourceVersion },
          propagationPolicy: propagation,
        },
        ...options,
      });
    },
  };
}

/** True for something that has the shape all objects share. */
export function isKubeObject(value: unknown): value is KubeObject {
  if (typeof value !== 'object' || value === null || !('metadata' in value)) return false;
  const { metadata } = value;
  return typeof metadata === 'object' && metadata !== null && 'name' in metadata && typeof metadata.name === 'string';
}

function withType<T extends KubeObject>(type: ResourceType, object: T): T {
  return { ...object, apiVersion: apiVersionOf(type), kind: type.kind };
}

function answeredObject<T extends KubeObject>(answer: unknown): T {
  // The API server validates objects against their schema; only the shape that all share is checked here.
  return checked(objectSchema, answer) as unknown as T;
}

function checked<S extends z.ZodType>(schema: S, answer: unknown): z.infer<S> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const message = `the API server answered something else than asked for: ${z.prettifyError(parsed.error)}`;
  throw new KubeError({ status: 0, reason: 'Malformed', message });
}
