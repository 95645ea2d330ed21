import type { Request, Router } from 'express';
import { type VmSnapshot, vmSnapshots } from '#api/kinds.ts';
import { apiVersionOf, collectionPath, formatKey, objectPath } from '#kube/resource.ts';
import { deleteRequest, type SnapshotList, snapshotRequest } from '#portal/api.ts';
import { actingAs } from '../access/person.ts';
import { notFound } from '../http/errors.ts';
import { personOf, signedIn } from '../http/signed-in.ts';
import type { Parts } from '../parts.ts';
import type { Session } from '../session/sessions.ts';
import { visiblePlace, withoutManagedFields } from './place.ts';
import { readBody } from './read-body.ts';

/** Routes of the snapshots of a machine. Rolling back to one is an operation. */
export function snapshotRoutes(router: Router, parts: Parts): void {
  const path = '/namespaces/:namespace/machines/:name/snapshots';

  router.get(
    path,
    signedIn(async (request, response, session) => {
      const items = await visibleSnapshots(parts, request, session);
      const madeAt = ({ metadata }: VmSnapshot) => metadata.creationTimestamp ?? '';
      response.json({ items: items.sort((a, b) => (madeAt(a) < madeAt(b) ? 1 : -1)) } satisfies SnapshotList);
    }),
  );

  router.post(
    path,
    signedIn(async (request, response, session) => {
      const { namespace, name } = await visiblePlace(parts, request, session);
      const wanted = readBody(snapshotRequest, request);
      const body = {
        apiVersion: apiVersionOf(vmSnapshots),
        kind: vmSnapshots.kind,
        // With what Kubernetes adds it must not be longer than a name of a machine may be.
        metadata: { generateName: `${name.slice(0, 57)}-`, namespace },
        spec: { ...wanted, vmName: name },
      };
      const object = await actingAs(parts.own, parts.acting, personOf(session)).request({
        method: 'POST',
        path: collectionPath(vmSnapshots, namespace),
        query: { fieldManager: 'berth-portal' },
        body,
      });
      response.status(201).json({ object: withoutManagedFields(object as VmSnapshot) });
    }),
  );

  router.delete(
    `${path}/:snapshot`,
    signedIn(async (request, response, session) => {
      const items = await visibleSnapshots(parts, request, session);
      const found = items.find(({ metadata }) => metadata.name === request.params.snapshot);
      if (!found) throw notFound();
      const { uid } = readBody(deleteRequest, request);
      const body = { apiVersion: 'meta.k8s.io/v1', kind: 'DeleteOptions', preconditions: { uid } };
      await actingAs(parts.own, parts.acting, personOf(session)).request({
        method: 'DELETE',
        path: objectPath(vmSnapshots, found.metadata),
        body,
      });
      response.status(202).json({});
    }),
  );
}

/** The snapshots of the machine in a request's path that the person may see. */
async function visibleSnapshots(parts: Parts, request: Request, session: Session): Promise<VmSnapshot[]> {
  const place = await visiblePlace(parts, request, session);
  const { snapshots } = parts.viewers.peek(personOf(session)).sees(place.namespace);
  return snapshots ? parts.stores.snapshots.byIndex('machine', formatKey(place)) : [];
}
