import type { Mortal, Steps } from '../engine/process.ts';
import type { World } from '../engine/world.ts';

/** The file lock of a VM's configuration. */
export function lockFileOf(vmid: number): string {
  return `/var/lock/qemu-server/lock-${vmid}.conf`;
}

/** PUT and POST config wait this long for the file lock [PVE::AbstractConfig::lock_config]. */
export const CONFIG_LOCK_MS = 10_000;

/** Runs `body` under the lock of a VM's configuration file. */
export function underLock<T>(
  world: World,
  process: Mortal,
  vmid: number,
  body: () => Steps<T> | T,
  timeoutMs = CONFIG_LOCK_MS,
): Steps<T> {
  return world.locks.holding(process, lockFileOf(vmid), 'exclusive', timeoutMs, body);
}
