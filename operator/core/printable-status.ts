import type { Decision } from './decision.ts';
import type { Power } from './machine.ts';
import type { Observed } from './observed.ts';

/** Words for people for the findings that have a better one than their reason. */
const words: Record<string, string> = {
  Claiming: 'Pending',
  Cloning: 'Provisioning',
  Creating: 'Provisioning',
  Recreating: 'Provisioning',
  Configuring: 'Provisioning',
  Resizing: 'Provisioning',
  Cancelling: 'Deleting',
  Releasing: 'Deleting',
};

/** One word that `kubectl get` prints. */
export function printableStatus({ vm }: Observed, { heldBy, finding }: Decision, power?: Power): string {
  if (vm.metadata.deletionTimestamp && (finding === undefined || !/Failed|Conflict|Unavailable/.test(finding.reason))) {
    return 'Deleting';
  }
  if (heldBy && finding) return words[finding.reason] ?? finding.reason;
  if (heldBy) return vm.status?.printableStatus ?? 'Pending';
  return power ?? vm.status?.powerState ?? vm.spec.powerState;
}
