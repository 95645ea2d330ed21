import type { ProxmoxCluster } from '#api/kinds.ts';
import type { ProxmoxClient } from '#proxmox/client.ts';
import { type ClusterProbe, missingPrivileges, neededPrivileges } from '../core/cluster-status.ts';

/** How long a token is taken to be as it was seen, if it had all it needs: privileges and versions change rarely. */
const validMs = 300_000;

interface Standing {
  version: string;
  missing: string[];
  generation: number | undefined;
  readAt: number;
}

/** Asks Proxmox clusters about themselves: for the quorum each time, for version and privileges once in a while. */
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

  return async (client, cluster) => {
    const { version, missing: missingPrivileges } = await standingOf(client, cluster);
    if (missingPrivileges.length > 0) return { version, missingPrivileges };
    const { quorate, nodes } = await client.clusterStatus();
    return { version, quorate, nodes, missingPrivileges };
  };
}
