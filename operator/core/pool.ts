import { clusterOf, isCluster } from './cluster-of.ts';
import type { Observed } from './observed.ts';

/** The pool that a machine is made in, where its ProxmoxCluster has a poolPrefix: that of its namespace. */
export function poolOf({ vm, clusters }: Observed): string | undefined {
  const cluster = clusterOf(vm, clusters);
  if (!isCluster(cluster) || cluster.spec.poolPrefix === undefined) return undefined;
  return `${cluster.spec.poolPrefix}${vm.metadata.namespace}`;
}

/** The comment of a pool that Berth has made. It says whose it is; it proves nothing about the machines in it. */
export const poolComment = (clusterId: string, namespace: string): string => `berth: ${clusterId}/${namespace}`;

/** Pools that Berth has made for namespaces that none of its machines is in, with the name of the namespace. */
export const unused = (
  pools: readonly { poolid: string; comment?: string | undefined }[],
  { clusterId, prefix }: { clusterId: string; prefix: string },
  inUse: ReadonlySet<string>,
): { pool: string; namespace: string }[] =>
  pools.flatMap(({ poolid: pool, comment = '' }) => {
    const owner = poolOwner(comment);
    const isOurs = owner?.clusterId === clusterId && pool === `${prefix}${owner.namespace}`;
    return isOurs && !inUse.has(owner.namespace) ? [{ pool, namespace: owner.namespace }] : [];
  });

/** Whose pool it is by its comment: undefined where a person has made it. */
export function poolOwner(comment: string): { clusterId: string; namespace: string } | undefined {
  const [, clusterId, namespace] = /^berth: ([^/\s]+)\/([^/\s]+)$/.exec(comment.trim()) ?? [];
  return clusterId && namespace ? { clusterId, namespace } : undefined;
}
