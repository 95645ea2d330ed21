import type { Router } from 'express';
import { type VmOperation, vmOperations } from '#api/kinds.ts';
import { apiVersionOf, collectionPath, formatKey } from '#kube/resource.ts';
import { type OperationList, operationRequest } from '#portal/api.ts';
import { actingAs } from '../access/person.ts';
import { personOf, signedIn } from '../http/signed-in.ts';
import type { Parts } from '../parts.ts';
import { visiblePlace, withoutManagedFields } from './place.ts';
import { readBody } from './read-body.ts';

/** Routes of what is done to a machine once. */
export function operationRoutes(router: Router, parts: Parts): void {
  const path = '/namespaces/:namespace/machines/:name/operations';

  router.get(
    path,
    signedIn(async (request, response, session) => {
      const place = await visiblePlace(parts, request, session);
      const { operations } = parts.viewers.peek(personOf(session)).sees(place.namespace);
      const items = operations ? parts.stores.operations.byIndex('machine', formatKey(place)) : [];
      const startOf = ({ metadata }: VmOperation) => metadata.creationTimestamp ?? '';
      response.json({ items: items.sort((a, b) => (startOf(a) < startOf(b) ? 1 : -1)) } satisfies OperationList);
    }),
  );

  router.post(
    path,
    signedIn(async (request, response, session) => {
      const { namespace, name } = await visiblePlace(parts, request, session);
      const asked = readBody(operationRequest, request);
      const body = {
        apiVersion: apiVersionOf(vmOperations),
        kind: vmOperations.kind,
        metadata: { generateName: `${name}-${asked.type.toLowerCase()}-`, namespace },
        spec: { vmName: name, requester: session.user, ...asked },
      };
      const object = await actingAs(parts.own, parts.acting, personOf(session)).request({
        method: 'POST',
        path: collectionPath(vmOperations, namespace),
        query: { fieldManager: 'berth-portal' },
        body,
      });
      response.status(201).json({ object: withoutManagedFields(object as VmOperation) });
    }),
  );
}
