import type { Finding } from './decision.ts';

/** A machine that Proxmox was asked to destroy, or is about to be. */
export interface Destroy {
  vmid: number;
  /** Milliseconds since the epoch. */
  at: number;
  /** The deleted resource that it is for; absent where nobody has deleted one. */
  uid?: string;
}

/** How far the brake looks back. */
const windowMs = 300_000;

/** Destroys of one window that need no deletion, however few machines there are. */
const leastAllowed = 3;

/** The share of the machines that may go in one window without a deletion. */
const shareAllowed = 0.1;

/** Those of the last minutes. */
export const recent = (destroys: readonly Destroy[], now: number): Destroy[] =>
  destroys.filter(({ at }) => now - at < windowMs);

/**
 * VMIDs that no deletion of a resource accounts for. Each deletion accounts for one: a resource that brings down two
 * machines does not know its own. A call that is repeated counts once.
 */
export function unaccounted(destroys: readonly Destroy[]): Set<number> {
  const accounted = new Map<string, number>();
  const others = new Set<number>();
  for (const { vmid, uid } of destroys) {
    const own = uid === undefined ? undefined : (accounted.get(uid) ?? vmid);
    if (uid !== undefined && own !== undefined) accounted.set(uid, own);
    if (own !== vmid) others.add(vmid);
  }
  return others;
}

/**
 * Why one more machine may not be destroyed, or undefined where it may: as many have gone in five minutes without a
 * deletion as may go. `machines` is how many there are. What a person has deleted is never held up.
 */
export function refuseDestroy(before: readonly Destroy[], next: Destroy, machines: number): Finding | undefined {
  const gone = unaccounted([...recent(before, next.at), next]);
  const allowed = Math.max(leastAllowed, Math.floor(machines * shareAllowed));
  if (!gone.has(next.vmid) || gone.size <= allowed) return undefined;
  const vmids = [...gone].filter(vmid => vmid !== next.vmid).join(', ');
  const message =
    `VM ${next.vmid} is not destroyed: in five minutes ${allowed} machines went that nobody has deleted as resources ` +
    `(${vmids}), and more are to go. Nothing of the kind is destroyed until an administrator lets the brake go.`;
  return { reason: 'DestroyBrake', message: message.slice(0, 1024) };
}
