import type { World } from '../engine/world.ts';
import { poolsByVm } from './membership.ts';
import { may } from './permissions.ts';

/**
 * A quick answer to "may `authid` do that to VM N?" for a whole list: VMs without rights of their own differ only by
 * their pool, so that each pool is looked at once.
 */
export function createVmGate(world: World, authid: string, privileges: readonly string[]): (vmid: number) => boolean {
  if (authid === 'root@pam') return () => true;
  const own = new Set(world.state.access.acl.map(({ path }) => path).filter(path => path.startsWith('/vms/')));
  const pools = poolsByVm(world.state);
  const byPool = new Map<string | undefined, boolean>();
  return vmid => {
    if (own.size > 0 && own.has(`/vms/${vmid}`)) return may(world, authid, `/vms/${vmid}`, privileges);
    const pool = pools.get(vmid);
    const known = byPool.get(pool);
    if (known !== undefined) return known;
    const answer = may(world, authid, `/vms/${vmid}`, privileges);
    byPool.set(pool, answer);
    return answer;
  };
}
