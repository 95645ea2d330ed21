import type { Verdict } from './decision.ts';

/** A call to Proxmox that failed, in the classes that decide what becomes of it. */
export interface Failure {
  kind: 'transient' | 'missing' | 'conflict' | 'locked' | 'denied' | 'unauthenticated' | 'invalid' | 'failed';
  /** Proxmox' own words. */
  reason: string;
}

/** How soon a machine is looked at again that Proxmox has locked. */
const lockedMs = 5_000;

/** How soon something is tried again that only a change of rights or settings can heal. */
const deniedMs = 60_000;

/** What a failed call means for the machine: every class has its policy, and none of them gives up for good. */
export function failureVerdict({ kind, reason }: Failure): Verdict {
  switch (kind) {
    case 'transient':
    case 'unauthenticated':
      return {
        finding: { reason: 'ProxmoxUnavailable', message: `Proxmox cannot be used now: ${reason}` },
        outcome: { kind: 'retry', reason: 'ProxmoxUnavailable' },
      };
    case 'locked':
      return {
        finding: { reason: 'LockedByTask', message: `Proxmox says: ${reason}` },
        outcome: { kind: 'again', afterMs: lockedMs, reason: 'LockedByTask' },
      };
    case 'missing':
    case 'conflict':
      // What we knew is out of date: the next pass looks anew.
      return {
        finding: { reason: 'Conflict', message: `Proxmox is looked at again, since it says: ${reason}` },
        outcome: { kind: 'retry', reason: 'Conflict' },
      };
    case 'denied':
      return {
        finding: { reason: 'PermissionDenied', message: `Proxmox refuses it to Berth's token: ${reason}` },
        outcome: { kind: 'again', afterMs: deniedMs, reason: 'PermissionDenied' },
      };
    case 'invalid':
    case 'failed':
      return {
        finding: { reason: 'Failed', message: `Proxmox says: ${reason}` },
        outcome: { kind: 'retry', reason: 'Failed' },
      };
  }
}
