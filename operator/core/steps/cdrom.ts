import { unapprovedIsos, usableIsos } from '../approval.ts';
import { clusterOf, isCluster } from '../cluster-of.ts';
import { stall, type Verdict } from '../decision.ts';
import { wasInSync } from '../drift.ts';
import type { Observed } from '../observed.ts';

/**
 * F57: an ISO image that is asked for and that the namespace may not use is not loaded. One that was taken out of the
 * catalogue while it is in the drive stays there. Told last but for drift, so that the machine can be stopped all the same.
 */
export function holdCdrom(o: Observed): Verdict | undefined {
  const cluster = clusterOf(o.vm, o.clusters);
  if (o.vm.status?.vmid === undefined || !isCluster(cluster) || wasInSync(o, 'ConfigSynced')) return undefined;
  const { cdrom, ...spec } = o.vm.spec;
  // What a machine was made from counts no more once it is there.
  const [refusal] = unapprovedIsos({ ...spec, cdrom, source: { adopt: spec.source.adopt } }, cluster.spec);
  if (refusal) return stall('InvalidSpec', refusal);
  const usable = usableIsos(o.quota, cluster.spec).map(({ name }) => name);
  if (cdrom?.iso === undefined || usable.includes(cdrom.iso)) return undefined;
  const message = `spec.cdrom.iso: "${cdrom.iso}" is not allowed in this namespace; allowed: ${usable.join(', ') || 'none'}.`;
  return stall('InvalidSpec', message);
}
