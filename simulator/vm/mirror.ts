import { type Steps, sleep } from '../engine/process.ts';
import type { World } from '../engine/world.ts';
import type { VmState } from '../state/types.ts';
import { agentEnabled, hasAgent } from './guest.ts';

/** The agent's ping waits this long. */
const PING_MS = 3000;

/** Ends the mirrors of a running VM's disks for a clone: the guest stands still while they are cut off. */
export function* cutMirrors(world: World, vm: VmState, keys: string[], log: (line: string) => void): Steps<void> {
  const freezes = agentEnabled(vm) && hasAgent(world, vm);
  if (agentEnabled(vm) && !freezes) {
    yield sleep(world.clock, PING_MS);
    log(`QEMU Guest Agent is not running - VM ${vm.vmid} qmp command 'guest-ping' failed - got timeout`);
  }
  log(freezes ? 'freeze filesystem' : 'suspend vm');
  for (const key of keys) {
    log(`drive-${key}: Cancelling block job`);
    log(`drive-${key}: Done.`);
  }
  log(freezes ? 'unfreeze filesystem' : 'resume vm');
}

/** Ends the mirror of a disk that moves: QEMU goes on with the copy. */
export function completeMirror(key: string, log: (line: string) => void): void {
  log(`drive-${key}: Completing block job`);
  log(`drive-${key}: Completed successfully.`);
}
