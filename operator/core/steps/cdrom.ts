import { unapprovedIsos } from '../approval.ts';
import { clusterOf, isCluster } from '../cluster-of.ts';
import { stall, type Verdict } from '../decision.ts';
import { wasInSync } from '../drift.ts';
import type { Observed } from '../observed.ts';

/**
 * F57: an ISO image that is asked for and not approved is not loaded. One that was taken out of the catalogue while it is
 * in the drive stays there. Told last but for drift, so that the machine can be stopped all the same.
 */
export function holdCdrom(o: Observed): Verdict | undefined {
  const cluster = clusterOf(o.vm, o.clusters);
  if (o.vm.status?.vmid === undefined || !isCluster(cluster) || wasInSync(o, 'ConfigSynced')) return undefined;
  const { source, ...others } = o.vm.spec;
  const { adopt } = source;
  // What a machine was made from counts no more once it is there.
  const refusals = unapprovedIsos({ ...others, source: { adopt } }, cluster.spec);
  return refusals.length > 0 ? stall('InvalidSpec', refusals.join(' ')) : undefined;
}
