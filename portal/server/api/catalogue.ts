import type { Router } from 'express';
import type { ProxmoxCluster, VmTemplate } from '#api/kinds.ts';
import type { Catalogue, CatalogueCluster } from '#portal/api.ts';
import { personOf, signedIn } from '../http/signed-in.ts';
import type { Parts } from '../parts.ts';

/** The route of what people may choose from. */
export function catalogueRoutes(router: Router, { stores, viewers }: Parts): void {
  router.get(
    '/catalogue',
    signedIn(async (_request, response, session) => {
      const namespaces = (await viewers.of(personOf(session))).namespaces();
      const byName = (a: { metadata: { name: string } }, b: { metadata: { name: string } }) =>
        a.metadata.name < b.metadata.name ? -1 : 1;
      const catalogue: Catalogue = {
        templates: offeredIn(namespaces, stores.templates.list()).sort(byName),
        clusters: stores.clusters.list().sort(byName).map(offered),
      };
      response.json(catalogue);
    }),
  );
}

/** The templates that somebody in these namespaces may use. Which others may use them is nothing to them. */
export function offeredIn(namespaces: readonly string[], templates: readonly VmTemplate[]): VmTemplate[] {
  return templates.flatMap(template => {
    const { allowedNamespaces: allowed } = template.spec;
    if (!allowed) return [template];
    const allowedNamespaces = allowed.filter(name => namespaces.includes(name));
    return allowedNamespaces.length > 0 ? [{ ...template, spec: { ...template.spec, allowedNamespaces } }] : [];
  });
}

/** What of a cluster may be used. Each field is named, so that none of how it is reached ever slips through. */
export function offered({ metadata, spec, status }: ProxmoxCluster): CatalogueCluster {
  const online = new Map((status?.nodes ?? []).map(node => [node.name, node.online]));
  return {
    name: metadata.name,
    default: spec.default === 'Enabled',
    bridges: (spec.bridges ?? []).map(({ name, vlans }) => ({ name, ...(vlans && { vlans }) })),
    storages: spec.storages.map(storage => ({ name: storage.name, default: storage.default === 'Enabled' })),
    tags: (spec.tags ?? []).map(({ name, color }) => ({ name, ...(color && { color }) })),
    isos: (spec.isos ?? []).map(({ name, volume }) => {
      const sizeMiB = status?.isos?.find(iso => iso.volume === volume)?.sizeMiB;
      return { name, ...(sizeMiB !== undefined && { sizeMiB }) };
    }),
    nodes: spec.nodes.map(({ name, schedulable }) => {
      const isOnline = online.get(name);
      return { name, schedulable: schedulable !== 'Disabled', ...(isOnline !== undefined && { online: isOnline }) };
    }),
  };
}
