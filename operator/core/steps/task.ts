import type { VirtualMachineStatus } from '#api/virtual-machine-status.ts';
import type { ConditionType, Verdict } from '../decision.ts';
import type { Observed } from '../observed.ts';

/** How long a failed task is left alone before its step is tried again. A person's change to the spec cuts it short. */
const holdAfterFailureMs = 30_000;

/** How often an open task is looked at again when the task poller, which wakes us at its end, should have missed it. */
const taskSafetyNetMs = 60_000;

/** Failures that only say that what was wanted is so already; the machine itself is looked at next. */
const harmless = /already running|not running/;

interface Wording {
  condition?: ConditionType;
  running: [reason: string, message: string];
  failed: string;
}

/** What each kind of task is to a person: while it runs, and when it failed. */
const wordings: Record<string, Wording> = {
  qmclone: {
    condition: 'Provisioned',
    running: ['Cloning', 'Proxmox is cloning the template.'],
    failed: 'CloneFailed',
  },
  resize: { condition: 'ConfigSynced', running: ['Resizing', 'Proxmox is growing a disk.'], failed: 'ResizeRejected' },
  qmstart: {
    condition: 'PowerSynced',
    running: ['Starting', 'Proxmox is starting the machine.'],
    failed: 'StartFailed',
  },
  qmshutdown: {
    condition: 'PowerSynced',
    running: ['Stopping', 'The guest was asked to shut down.'],
    failed: 'GuestIgnoredShutdown',
  },
  qmstop: { condition: 'PowerSynced', running: ['Stopping', 'Proxmox is stopping the machine.'], failed: 'StopFailed' },
  qmdestroy: { running: ['Deleting', 'Proxmox is removing the machine and its disks.'], failed: 'DeleteFailed' },
};

const wordingOf = (type: string): Wording =>
  wordings[type] ?? { running: ['TaskRunning', `Proxmox is running a task (${type}).`], failed: 'TaskFailed' };

/** The task that ended last: the one that the status tells of, or the one whose end is seen just now. */
export function lastTaskOf({ vm, task, now }: Observed): VirtualMachineStatus['lastTask'] {
  const open = vm.status?.task;
  if (!open || task.state !== 'ended') return vm.status?.lastTask;
  return {
    upid: open.upid,
    type: open.type,
    result: task.succeeded ? 'Succeeded' : 'Failed',
    ...(task.message && { message: task.message.slice(0, 1024) }),
    finishedAt: new Date(now).toISOString(),
  };
}

/** Nothing is changed while a task is open; its end wakes the machine. */
export function awaitTask({ vm, task }: Observed): Verdict | undefined {
  const open = vm.status?.task;
  if (!open || task.state !== 'running') return undefined;
  const { condition, running } = wordingOf(open.type);
  const [reason, message] = running;
  return { condition, finding: { reason, message }, outcome: { kind: 'again', afterMs: taskSafetyNetMs, reason } };
}

/** After a task that failed its step is not tried again at once. `types` narrows it to the tasks that matter. */
export function holdAfterFailure(o: Observed, types?: string[]): Verdict | undefined {
  const last = lastTaskOf(o);
  if (last?.result !== 'Failed' || harmless.test(last.message ?? '')) return undefined;
  if (types && !types.includes(last.type)) return undefined;
  const specChanged = o.vm.status?.observedGeneration !== o.vm.metadata.generation;
  const remainingMs = Date.parse(last.finishedAt) + holdAfterFailureMs - o.now;
  if (specChanged || remainingMs <= 0) return undefined;
  const { condition, failed } = wordingOf(last.type);
  const message = `Proxmox says: ${last.message ?? 'the task failed'}. It is tried again every ${holdAfterFailureMs / 1000} s.`;
  return {
    condition,
    finding: { reason: failed, message },
    outcome: { kind: 'again', afterMs: remainingMs, reason: failed },
  };
}
