import { died, prefixing } from '../engine/errors.ts';
import { type Steps, sleep } from '../engine/process.ts';
import type { World } from '../engine/world.ts';

/** How long the lock of a file of the cluster is tried for [PVE::Cluster::cfs_lock]. */
const LOCK_MS = 10_000;

/**
 * Changes users, tokens, rights or pools, which are one file: all of it or nothing. Without quorum its lock is tried in
 * vain [PVE::AccessControl::lock_user_config].
 * @param failure Stands before the text of whatever goes wrong.
 */
export function* changeUsers<T>(world: World, failure: string, change: () => T): Steps<T> {
  const { state } = world;
  if (!state.cluster.quorate) {
    yield sleep(world.clock, LOCK_MS);
    throw died(`${failure}cfs-lock 'file-user_cfg' error: no quorum!`);
  }
  const { access, pools } = structuredClone({ access: state.access, pools: state.pools });
  try {
    return prefixing(failure, change);
  } catch (error) {
    Object.assign(state, { access, pools });
    throw error;
  }
}
