import type { Request, Router } from 'express';
import { type ProxmoxCluster, proxmoxClusters } from '#api/kinds.ts';
import type { ProxmoxClusterSpec } from '#api/proxmox-cluster.ts';
import { isConflict } from '#kube/errors.ts';
import { objectPath } from '#kube/resource.ts';
import { type IsoApproval, type IsoList, isoApproval, type StoredIso } from '#portal/api.ts';
import { notFound } from '../http/errors.ts';
import { personOf, signedIn } from '../http/signed-in.ts';
import type { Parts } from '../parts.ts';
import type { Session } from '../session/sessions.ts';
import { readBody } from './read-body.ts';

/** Who has changed the approved images last; the audit log has the portal itself there (ADR 10). */
const changedByAnnotation = 'berth.dev/isos-changed-by';

/** The operator writes the status of the same resource while machines are made. */
const mostConflicts = 5;

/** Routes for administrators to approve ISO images. */
export function isoRoutes(router: Router, parts: Parts): void {
  router.get(
    '/isos',
    signedIn(async (_request, response, session) => {
      await requireAdministrator(parts, session);
      const clusters = parts.stores.clusters.list().map(cluster => ({
        name: cluster.metadata.name,
        isos: storedIsos(cluster),
      }));
      response.json({ clusters: clusters.sort((a, b) => (a.name < b.name ? -1 : 1)) } satisfies IsoList);
    }),
  );

  router.put(
    '/clusters/:name/isos',
    signedIn(async (request, response, session) => {
      const name = clusterOf(parts, request);
      await requireAdministrator(parts, session, name);
      await approve(parts, name, readBody(isoApproval, request), session.user);
      response.status(204).end();
    }),
  );
}

function clusterOf({ stores }: Parts, request: Request): string {
  const { name } = request.params;
  const cluster = typeof name === 'string' ? stores.clusters.get(name) : undefined;
  if (!cluster) throw notFound();
  return cluster.metadata.name;
}

/** Whoever may not change ProxmoxClusters does not learn that there are any. */
async function requireAdministrator({ reviews }: Parts, session: Session, name?: string): Promise<void> {
  const question = { verb: 'patch', resource: 'proxmoxclusters', ...(name !== undefined && { name }) };
  if (!(await reviews.ask(personOf(session), question))) throw notFound();
}

/** What is there and what is approved, by volume. */
export function storedIsos({ spec, status }: Pick<ProxmoxCluster, 'spec' | 'status'>): StoredIso[] {
  const approved = spec.isos ?? [];
  const there = status?.isos ?? [];
  const gone = approved.filter(iso => !there.some(({ volume }) => volume === iso.volume));
  return [...there, ...gone.map(({ volume }) => ({ volume, nodes: [] }))]
    .map(iso => {
      const name = approved.find(({ volume }) => volume === iso.volume)?.name;
      return { ...iso, ...(name !== undefined && { name }) };
    })
    .sort((a, b) => (a.volume < b.volume ? -1 : 1));
}

type Isos = NonNullable<ProxmoxClusterSpec['isos']>;

/** The approved images with one more, under another name, or one fewer. */
export const withApproval = (isos: Isos = [], { volume, name }: IsoApproval): Isos => [
  ...isos.filter(iso => iso.volume !== volume),
  ...(name === null ? [] : [{ name, volume }]),
];

/** Writes it with the portal's own rights, to the very resource that was read. */
async function approve({ own }: Parts, name: string, approval: IsoApproval, user: string): Promise<void> {
  const path = objectPath(proxmoxClusters, { name });
  for (let conflicts = 0; ; conflicts++) {
    const { metadata, spec } = (await own.request({ method: 'GET', path })) as ProxmoxCluster;
    const body = {
      metadata: { resourceVersion: metadata.resourceVersion, annotations: { [changedByAnnotation]: user } },
      spec: { isos: withApproval(spec.isos, approval) },
    };
    const query = { fieldManager: 'berth-portal', fieldValidation: 'Strict' };
    try {
      await own.request({ method: 'PATCH', path, query, body, contentType: 'application/merge-patch+json' });
      return;
    } catch (error) {
      if (!isConflict(error) || conflicts >= mostConflicts) throw error;
    }
  }
}
