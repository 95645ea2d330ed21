import type { ProxmoxCluster } from '#api/kinds.ts';
import { act, lookAt, next, stall, type Verdict } from '../decision.ts';
import type { Observed } from '../observed.ts';

/** Whether the machine is one that was in Proxmox before, and has not been made ours yet. */
export const isAdopting = ({ vm }: Observed): boolean =>
  vm.spec.source.adopt !== undefined && vm.status?.createdAt === undefined;

/**
 * Takes up the VMID of a machine that is there already. It becomes ours with the first write of its configuration, which
 * is checked against the one in which nobody's marker was seen; of two that adopt the same one only one can make it.
 */
export function adopt(o: Observed, cluster: ProxmoxCluster): Verdict {
  const vmid = o.vm.spec.source.adopt?.vmid ?? 0;
  const obstacle = adoptable(o);
  if (obstacle) return obstacle;
  if (!o.adoptee?.usable) return lookAt('adoptee');
  const action = { kind: 'adopt', cluster: cluster.metadata.name, node: o.adoptee.node, vmid } as const;
  return act(action, 'Adopting', `VM ${vmid} is being adopted.`, next);
}

/** Why the machine must not be made ours; undefined where it may. */
export function adoptable({ adoptee }: Observed): Verdict | undefined {
  if (adoptee === undefined) return lookAt('adoptee');
  return adoptee.usable ? undefined : stall(adoptee.reason, adoptee.message);
}
