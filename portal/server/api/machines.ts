import type { Request, Router } from 'express';
import { type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import { apiVersionOf, collectionPath, objectPath } from '#kube/resource.ts';
import { createRequest, deleteRequest, type MachineAnswer, patchRequest, type WrittenMachine } from '#portal/api.ts';
import { actingAs } from '../access/person.ts';
import { machineRightsOf } from '../access/rights.ts';
import { notFound } from '../http/errors.ts';
import { personOf, signedIn } from '../http/signed-in.ts';
import { listJson } from '../live/texts.ts';
import type { Parts } from '../parts.ts';
import type { Session } from '../session/sessions.ts';
import { namespaceOf, visibleMachine, visiblePlace, withoutManagedFields } from './place.ts';
import { readBody } from './read-body.ts';

/** Names the portal in managedFields; strict validation refuses fields that there are not, rather than drop them. */
const writing = { fieldManager: 'berth-portal', fieldValidation: 'Strict' };

/** Routes to read, make, change and delete machines. */
export function machineRoutes(router: Router, parts: Parts): void {
  const { hub, texts, viewers } = parts;

  const listOf = (kind: 'machines' | 'quotas') =>
    signedIn(async (_request, response, session) => {
      const viewer = await viewers.of(personOf(session));
      response.type('json').send(`{"items":${listJson(texts, hub.seenBy(viewer)[kind])}}`);
    });
  router.get('/machines', listOf('machines'));
  router.get('/quotas', listOf('quotas'));

  router.post(
    '/namespaces/:namespace/machines',
    signedIn(async (request, response, session) => {
      const namespace = namespaceOf(request);
      await requireTenant(parts, namespace, session);
      const { metadata, spec } = readBody(createRequest, request);
      const body = {
        apiVersion: apiVersionOf(virtualMachines),
        kind: virtualMachines.kind,
        metadata: { ...metadata, namespace },
        spec,
      };
      const query = { ...writing, ...(isDryRun(request) && { dryRun: 'All' }) };
      const path = collectionPath(virtualMachines, namespace);
      response.status(201).json(await written(parts, session, { method: 'POST', path, query, body }));
    }),
  );

  router.get(
    '/namespaces/:namespace/machines/:name',
    signedIn(async (request, response, session) => {
      const object = await visibleMachine(parts, request, session);
      const can = await machineRightsOf(parts.reviews, personOf(session), object.metadata);
      response.json({ object, can } satisfies MachineAnswer);
    }),
  );

  router.patch(
    '/namespaces/:namespace/machines/:name',
    signedIn(async (request, response, session) => {
      const path = objectPath(virtualMachines, await visiblePlace(parts, request, session));
      const body = readBody(patchRequest, request);
      const query = { ...writing, ...(isDryRun(request) && { dryRun: 'All' }) };
      const contentType = 'application/merge-patch+json';
      response.json(await written(parts, session, { method: 'PATCH', path, query, body, contentType }));
    }),
  );

  router.delete(
    '/namespaces/:namespace/machines/:name',
    signedIn(async (request, response, session) => {
      const path = objectPath(virtualMachines, await visiblePlace(parts, request, session));
      const { uid } = readBody(deleteRequest, request);
      const body = { apiVersion: 'meta.k8s.io/v1', kind: 'DeleteOptions', preconditions: { uid } };
      await actingAs(parts.own, parts.acting, personOf(session)).request({ method: 'DELETE', path, body });
      response.status(202).json({});
    }),
  );
}

const isDryRun = (request: Request): boolean => request.query.dryRun === 'All';

/** Whoever neither sees anything of a namespace nor may make something in it does not learn that it exists. */
async function requireTenant({ viewers, reviews }: Parts, namespace: string, session: Session): Promise<void> {
  const person = personOf(session);
  if (await reviews.allowed(person, { verb: 'create', resource: 'virtualmachines', namespace })) return;
  const viewer = await viewers.of(person);
  if (!viewer.namespaces().includes(namespace)) throw notFound();
}

/** Writes a machine as the person, and answers it with what the API server warns of. */
async function written(
  { own, acting }: Parts,
  session: Session,
  request: Parameters<Parts['own']['request']>[0],
): Promise<WrittenMachine> {
  const warnings: string[] = [];
  const requests = actingAs(own, acting, personOf(session));
  const object = await requests.request({ ...request, onWarnings: told => warnings.push(...told) });
  return { object: withoutManagedFields(object as VirtualMachine), warnings };
}
