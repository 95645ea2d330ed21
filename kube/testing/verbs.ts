import { formatKey, type KubeObject } from '../resource.ts';
import type { ObjectTable, StoredObject } from './object-table.ts';
import { type Json, jsonPatch, mergePatch } from './patches.ts';

/** One request, taken apart. */
export interface Call {
  collection: string;
  namespace: string | undefined;
  name: string;
  subresource: string | undefined;
  parameters: URLSearchParams;
  contentType: string | undefined;
  body: Json;
}

/** An answer that is a metav1.Status. */
export class Refusal extends Error {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

/** The object of the call, or a 404. */
export function get(table: ObjectTable, call: Call): StoredObject {
  const object = present(table, call);
  if (!object) throw new Refusal(404, 'NotFound', `"${call.name}" not found`);
  return object;
}

/** POST to a collection. */
export function create(table: ObjectTable, { collection, namespace, body }: Call): StoredObject {
  const object = body as unknown as StoredObject;
  const metadata = { ...object.metadata, ...(namespace && { namespace }) };
  const key = formatKey(metadata);
  if (table.get(collection, key)) throw new Refusal(409, 'AlreadyExists', `"${key}" already exists`);
  return table.put(collection, { ...object, metadata });
}

/** PUT of an object or its status, a compare-and-swap where it names its resourceVersion. */
export function replace(table: ObjectTable, call: Call): StoredObject {
  const before = get(table, call);
  const after = call.body as unknown as StoredObject;
  const { resourceVersion } = after.metadata;
  if (resourceVersion && resourceVersion !== before.metadata.resourceVersion) {
    throw new Refusal(409, 'Conflict', 'the object has been modified; apply your changes to the latest version');
  }
  return table.put(call.collection, merged(before, after, call.subresource));
}

/** PATCH with a JSON patch, a merge patch, or an apply: that is a merge here, which notes its manager. */
export function patch(table: ObjectTable, call: Call): StoredObject {
  const { contentType, parameters, subresource } = call;
  const isApply = contentType === 'application/apply-patch+yaml';
  const manager = parameters.get('fieldManager');
  if (isApply && !manager) throw new Refusal(400, 'BadRequest', 'fieldManager is required for apply patch');
  const before = isApply && !subresource ? present(table, call) : get(table, call);
  const source = (before ?? {}) as unknown as Json;
  const isJsonPatch = contentType === 'application/json-patch+json';
  const patched = isJsonPatch ? jsonPatch(source, call.body) : mergePatch(source, call.body);
  if (patched === undefined) throw new Refusal(422, 'Invalid', 'the patch does not fit');
  const after = patched as unknown as StoredObject;
  if (before && !isApply && after.metadata.resourceVersion !== before.metadata.resourceVersion) {
    throw new Refusal(409, 'Conflict', 'the object has been modified');
  }
  const object = before ? merged(before, after, subresource) : after;
  if (isApply && manager) noteManager(object, manager, subresource);
  return parameters.get('dryRun') === 'All' ? object : table.put(call.collection, object);
}

/** DELETE, where its preconditions hold. */
export function remove(table: ObjectTable, call: Call): StoredObject {
  const object = get(table, call);
  const { preconditions = {} } = (call.body ?? {}) as { preconditions?: { uid?: string; resourceVersion?: string } };
  for (const field of ['uid', 'resourceVersion'] as const) {
    if (preconditions[field] && preconditions[field] !== object.metadata[field]) {
      throw new Refusal(409, 'Conflict', `Precondition failed: ${field} in precondition: ${preconditions[field]}`);
    }
  }
  return table.remove(call.collection, keyOfCall(call)) ?? object;
}

/** GET of a collection, in pages where a limit is given. */
export function list(table: ObjectTable, call: Call): object {
  const { collection, parameters } = call;
  const objects = table.list(collection).filter(object => isSelected(object, call));
  // A token says as of which revision and where to go on; here nothing may change between two pages.
  const [revision, start = '0'] = (parameters.get('continue') ?? String(table.revision)).split(':');
  if (Number(revision) !== table.revision) throw new Refusal(410, 'Expired', 'the continue token is too old');
  const end = Number(start) + Number(parameters.get('limit') ?? objects.length);
  const more = end < objects.length ? { continue: `${revision}:${end}` } : {};
  return { kind: 'List', metadata: { resourceVersion: revision, ...more }, items: objects.slice(Number(start), end) };
}

/** True where a list or watch of the call holds the object. */
export function isSelected({ metadata }: KubeObject, { namespace, parameters }: Call): boolean {
  if (namespace && metadata.namespace !== namespace) return false;
  const terms = (parameters.get('labelSelector') ?? '').split(',').filter(Boolean);
  return terms.every(term => {
    const [name = '', value = ''] = term.split('=');
    return metadata.labels?.[name] === value;
  });
}

function present(table: ObjectTable, call: Call): StoredObject | undefined {
  return table.get(call.collection, keyOfCall(call));
}

function keyOfCall({ namespace, name }: Call): string {
  return formatKey({ name, ...(namespace && { namespace }) });
}

/** A write to a subresource changes nothing else, any other write leaves it alone. */
function merged(before: StoredObject, after: StoredObject, subresource: string | undefined): StoredObject {
  if (subresource) return { ...before, status: after.status };
  const { name, namespace, deletionTimestamp } = before.metadata;
  const metadata = {
    ...after.metadata,
    name,
    ...(namespace && { namespace }),
    ...(deletionTimestamp && { deletionTimestamp }),
  };
  const hasStatus = before.status !== undefined;
  return { ...after, metadata, ...(hasStatus && { status: before.status }) };
}

function noteManager(object: StoredObject, manager: string, subresource = ''): void {
  const metadata = object.metadata as { managedFields?: { manager: string; operation: string; subresource: string }[] };
  const others = metadata.managedFields?.filter(
    entry => entry.manager !== manager || entry.subresource !== subresource,
  );
  metadata.managedFields = [...(others ?? []), { manager, operation: 'Apply', subresource }];
}
