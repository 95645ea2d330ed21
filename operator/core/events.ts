import type { Condition } from '#api/conditions.ts';
import type { VirtualMachineStatus } from '#api/virtual-machine-status.ts';

/** An Event to record: what happened, for people. */
export interface Happening {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

/** What happened between two statuses of a machine. Nothing is told twice while a status stays. */
export function happenings(before: VirtualMachineStatus, after: VirtualMachineStatus): Happening[] {
  const told: Happening[] = [];
  const normal = (reason: string, message: string) => told.push({ type: 'Normal', reason, message });
  if (before.vmid === undefined && after.vmid !== undefined) {
    normal('Scheduled', `VMID ${after.vmid} on node ${after.node} is claimed.`);
  }
  if (before.vmid !== undefined && after.vmid !== before.vmid) {
    const message = find(after.conditions, 'Provisioned')?.message ?? `VM ${before.vmid} was given up.`;
    told.push({ type: 'Warning', reason: 'VMIDAbandoned', message });
  }
  if (before.createdAt === undefined && after.createdAt !== undefined) {
    const isAdopted = find(after.conditions, 'Provisioned')?.reason === 'Adopted';
    if (isAdopted) normal('Adopted', `VM ${after.vmid} on node ${after.node} was adopted.`);
    else normal('Created', `VM ${after.vmid} was made on node ${after.node}.`);
  }
  if (before.createdAt !== undefined && before.vmid === after.vmid && before.node !== after.node) {
    normal('Migrated', `VM ${after.vmid} is on node ${after.node} now; it was on ${before.node}.`);
  }
  const finished = after.lastTask;
  if (finished && finished.upid !== before.lastTask?.upid) {
    if (finished.result === 'Failed') {
      told.push({
        type: 'Warning',
        reason: 'TaskFailed',
        message: `${finished.type}: ${finished.message ?? 'failed'}`,
      });
    } else if (finishedEvents[finished.type] && !isOfMaking(finished.type, before)) {
      normal(...(finishedEvents[finished.type] as [string, string]));
    }
  }
  const config = find(after.conditions, 'ConfigSynced');
  if (config?.reason === 'RestartRequired' && config.message !== find(before.conditions, 'ConfigSynced')?.message) {
    normal('RestartRequired', config.message);
  }
  const drift = driftBetween(before, after);
  if (drift) told.push({ type: 'Warning', reason: 'DriftDetected', message: drift });
  const stalled = find(after.conditions, 'Stalled');
  const wasStalled = find(before.conditions, 'Stalled');
  if (stalled && (stalled.reason !== wasStalled?.reason || stalled.message !== wasStalled.message)) {
    told.push({ type: 'Warning', reason: stalled.reason, message: stalled.message });
  }
  return told;
}

/** Until a machine is made, its steps are no news beside `Created`. */
const isOfMaking = (type: string, before: VirtualMachineStatus): boolean =>
  before.createdAt === undefined && (type === 'qmclone' || type === 'qmcreate' || type === 'resize');
/** What the machine is put right for that was as desired before, for the same spec, and that nobody asked us for. */
function driftBetween(before: VirtualMachineStatus, after: VirtualMachineStatus): string | undefined {
  if (before.observedGeneration !== after.observedGeneration) return undefined;
  const was = find(before.conditions, 'PowerSynced');
  const is = find(after.conditions, 'PowerSynced');
  if (was?.status !== 'True' || is?.status !== 'False' || !corrections.has(is.reason)) return undefined;
  return `The machine was ${after.powerState} in Proxmox. ${is.message}`;
}

const corrections = new Set(['Starting', 'Stopping', 'Pausing', 'Resuming']);

const finishedEvents: Record<string, [reason: string, message: string]> = {
  qmclone: ['Cloned', 'The template was cloned.'],
  resize: ['Resized', 'A disk was grown.'],
  qmstart: ['Started', 'The machine was started.'],
  qmshutdown: ['Stopped', 'The guest shut down.'],
  qmreboot: ['Restarted', 'The guest has shut down to start again.'],
  qmreset: ['Reset', 'The machine was reset.'],
  qmrollback: ['RolledBack', 'The machine was taken back to a snapshot.'],
  qmsnapshot: ['SnapshotTaken', 'A snapshot was taken.'],
  qmdelsnapshot: ['SnapshotRemoved', 'A snapshot was removed.'],
  qmpause: ['Paused', 'The machine was paused.'],
  qmresume: ['Resumed', 'The machine was resumed.'],
  qmstop: ['Stopped', 'The machine was stopped.'],
};

const find = (conditions: Condition[] | undefined, type: string) =>
  conditions?.find(candidate => candidate.type === type);
