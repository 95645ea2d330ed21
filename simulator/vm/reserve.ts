import { died, PveError } from '../engine/errors.ts';
import type { Mortal, Steps } from '../engine/process.ts';
import type { World } from '../engine/world.ts';
import { whoHasVmid } from './cluster.ts';
import { checkLock, emptyConfig } from './config.ts';
import { defaultGuest } from './guest.ts';
import { lockFileOf } from './lock.ts';

/** The configuration's place is taken under a lock that is waited for this long [create_and_lock_config]. */
const RESERVE_MS = 5000;

/** Takes the VMID with a configuration that holds only `lock: create`; at once, not in the task. */
export function* reserve(
  world: World,
  process: Mortal,
  node: string,
  vmid: number,
  force: boolean,
  words = 'unable to create VM',
): Steps<void> {
  try {
    yield* world.locks.holding(process, lockFileOf(vmid), 'exclusive', RESERVE_MS, () => {
      const taken = whoHasVmid(world, vmid);
      const own = world.state.vms[vmid];
      if (taken !== undefined && !(force && own?.node === node)) throw died(taken);
      if (own !== undefined) checkLock(own);
      const config = own?.config ?? emptyConfig();
      config.current.lock = 'create';
      if (own === undefined) world.state.vms[vmid] = { vmid, node, config, guest: defaultGuest() };
    });
  } catch (error) {
    if (error instanceof PveError) throw died(`${words} ${vmid} - ${error.text}`);
    throw error;
  }
}
