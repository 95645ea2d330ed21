import type { Request } from 'express';
import type { VirtualMachine } from '#api/kinds.ts';
import { virtualMachines } from '#api/kinds.ts';
import { dnsLabelPattern } from '#api/names.ts';
import { isForbidden, isNotFound } from '#kube/errors.ts';
import { formatKey, objectPath } from '#kube/resource.ts';
import { actingAs } from '../access/person.ts';
import { notFound } from '../http/errors.ts';
import { personOf } from '../http/signed-in.ts';
import type { Parts } from '../parts.ts';
import type { Session } from '../session/sessions.ts';

/** Where a machine is. */
export interface Place {
  namespace: string;
  name: string;
}

const isLabel = (text: unknown): text is string =>
  typeof text === 'string' && text.length <= 63 && dnsLabelPattern.test(text);

/** The namespace of a request's path; throws 404 for what can be none. */
export function namespaceOf(request: Request): string {
  const { namespace } = request.params;
  if (!isLabel(namespace)) throw notFound();
  return namespace;
}

/** The place in a request's path, for those who may see the machine there. For all others nothing is there: 404. */
export async function visiblePlace(parts: Parts, request: Request, session: Session): Promise<Place> {
  const namespace = namespaceOf(request);
  const { name } = request.params;
  if (!isLabel(name)) throw notFound();
  const viewer = parts.viewers.peek(personOf(session));
  if (!(await viewer.seesMachine(namespace, name))) throw notFound();
  return { namespace, name };
}

/** The machine in a request's path; one that was made a moment ago may be known to the API server only. */
export async function visibleMachine(parts: Parts, request: Request, session: Session): Promise<VirtualMachine> {
  const place = await visiblePlace(parts, request, session);
  const known = parts.stores.machines.get(formatKey(place));
  if (known) return known;
  try {
    const requests = actingAs(parts.own, parts.acting, personOf(session));
    const machine = (await requests.request({
      method: 'GET',
      path: objectPath(virtualMachines, place),
    })) as VirtualMachine;
    return withoutManagedFields(machine);
  } catch (error) {
    if (isNotFound(error) || isForbidden(error)) throw notFound();
    throw error;
  }
}

/** An object as pages get it. */
export function withoutManagedFields<T extends { metadata: object }>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata as { managedFields?: unknown };
  return { ...object, metadata };
}
