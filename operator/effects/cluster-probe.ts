import type { ProxmoxCluster } from '#api/kinds.ts';
import type { ProxmoxClient } from '#proxmox/client.ts';
import { ProxmoxError } from '#proxmox/errors.ts';
import { vanished } from '../core/catalogue.ts';
import { type ClusterProbe, missingPrivileges, neededPrivileges } from '../core/cluster-status.ts';
import { listIsos } from './isos.ts';

/**
 * How long a token is taken to be as it was seen, if it had all it needs, and a catalogue as it was read: privileges,
 * versions, storages and bridges change rarely.
 */
const validMs = 300_000;

/** How long a catalogue is taken to be as it was read where a storage did not tell of its images. */
const incompleteMs = 60_000;

interface Standing {
  version: string;
  missing: string[];
  generation: number | undefined;
  readAt: number;
}

/** Most ISO images that a status lists; the limit of the list in the CRD. */
const mostIsos = 256;

/** What Proxmox has of what can be approved, as far as it matters. */
type Stock = Required<Pick<ClusterProbe, 'vanished' | 'isos'>>;

/** A node that cannot be asked for its storages or bridges does not make the cluster unusable. */
function unknownWhereProxmoxFails(error: unknown): undefined {
  if (!(error instanceof ProxmoxError)) throw error;
}

/** Asks Proxmox clusters about themselves: for the quorum each time, for version, privileges and catalogue once in a while. */
export function createClusterProbe(
  now: () => number,
): (client: ProxmoxClient, cluster: ProxmoxCluster) => Promise<ClusterProbe> {
  const standings = new WeakMap<ProxmoxClient, Standing>();

  async function standingOf(client: ProxmoxClient, { spec, metadata }: ProxmoxCluster): Promise<Standing> {
    const known = standings.get(client);
    const isValid = known?.generation === metadata.generation && known && now() - known.readAt < validMs;
    if (isValid && known.missing.length === 0) return known;
    const needed = neededPrivileges(spec);
    const [{ version }, ...held] = await Promise.all([
      client.version(),
      ...Object.keys(needed).map(path => client.permissions(path)),
    ]);
    const missing = missingPrivileges(needed, Object.assign({}, ...held));
    const standing = { version, missing, generation: metadata.generation, readAt: now() };
    standings.set(client, standing);
    return standing;
  }

  const looks = new WeakMap<ProxmoxClient, { key: string; found: Stock; validUntil: number }>();

  async function stockOf(
    client: ProxmoxClient,
    { spec, metadata }: ProxmoxCluster,
    nodes: { name: string; online: boolean }[],
  ): Promise<Stock | undefined> {
    const approved = nodes.filter(({ name }) => spec.nodes.some(node => node.name === name));
    if (approved.some(({ online }) => !online)) return undefined;
    const names = nodes.map(({ name }) => name);
    const key = `${metadata.generation} ${names.join()}`;
    const known = looks.get(client);
    if (known?.key === key && now() < known.validUntil) return known.found;
    const [storages, bridges] = await Promise.all([
      Promise.all(approved.map(({ name }) => client.storages(name))),
      Promise.all(approved.map(({ name }) => client.networks(name))),
    ]);
    const stocks = approved.map(({ name }, index) => ({ node: name, storages: storages[index] ?? [] }));
    const { isos, complete } = await listIsos(client, stocks);
    const namesOf = (lists: { name: string }[][]) => lists.flat().map(({ name }) => name);
    const there = {
      nodes: names,
      storages: namesOf(storages),
      bridges: namesOf(bridges),
      ...(complete && { isos: isos.map(({ volume }) => volume) }),
    };
    const found = { vanished: vanished(spec, there), isos: isos.slice(0, mostIsos) };
    looks.set(client, { key, found, validUntil: now() + (complete ? validMs : incompleteMs) });
    return found;
  }

  return async (client, cluster) => {
    const { version, missing: missingPrivileges } = await standingOf(client, cluster);
    if (missingPrivileges.length > 0) return { version, missingPrivileges };
    const { quorate, nodes } = await client.clusterStatus();
    const stock = quorate ? await stockOf(client, cluster, nodes).catch(unknownWhereProxmoxFails) : undefined;
    return { version, quorate, nodes, missingPrivileges, ...stock };
  };
}
