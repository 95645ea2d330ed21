import type { VirtualMachineStatus } from '#api/virtual-machine-status.ts';
import type { ConditionType, Verdict } from '../decision.ts';
import type { Observed } from '../observed.ts';
import { operationTasks } from '../operation.ts';
import { snapshotTasks } from '../snapshot.ts';

/** How long a failed task is left alone before its step is tried again. A person's change to the spec cuts it short. */
const holdAfterFailureMs = 30_000;

/** How often an open task is looked at again when the task poller, which wakes us at its end, should have missed it. */
const taskSafetyNetMs = 60_000;

/** Failures that only say that what was wanted is so already; the machine itself is looked at next. */
const harmless = /already running|not running/;

/** Tasks that are not tried again by the machine's own steps: what they were for has failed, and it is as it was. */
const ofRequests = new Set<string>([...Object.values(operationTasks), ...Object.values(snapshotTasks)]);

/** What a failed task is called, and the condition that it is about. */
const failures: Record<string, { condition?: ConditionType; reason: string }> = {
  qmclone: { condition: 'Provisioned', reason: 'CloneFailed' },
  qmcreate: { condition: 'Provisioned', reason: 'CreateFailed' },
  resize: { condition: 'ConfigSynced', reason: 'ResizeRejected' },
  qmstart: { condition: 'PowerSynced', reason: 'StartFailed' },
  qmshutdown: { condition: 'PowerSynced', reason: 'GuestIgnoredShutdown' },
  qmstop: { condition: 'PowerSynced', reason: 'StopFailed' },
  qmpause: { condition: 'PowerSynced', reason: 'PauseFailed' },
  qmresume: { condition: 'PowerSynced', reason: 'ResumeFailed' },
  qmdestroy: { reason: 'DeleteFailed' },
};

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

/** Nothing is changed while a task is open; its end wakes the machine. What it does was told when it was started. */
export function awaitTask({ vm, task }: Observed): Verdict | undefined {
  if (!vm.status?.task || task.state !== 'running') return undefined;
  return { outcome: { kind: 'again', afterMs: taskSafetyNetMs, reason: `the task ${vm.status.task.type}` } };
}

/** After a task that failed its step is not tried again at once. `types` narrows it to the tasks that matter. */
export function holdAfterFailure(o: Observed, types?: string[]): Verdict | undefined {
  const last = lastTaskOf(o);
  if (last?.result !== 'Failed' || harmless.test(last.message ?? '')) return undefined;
  if (ofRequests.has(last.type) || (types && !types.includes(last.type))) return undefined;
  const specChanged = o.vm.status?.observedGeneration !== o.vm.metadata.generation;
  const remainingMs = Date.parse(last.finishedAt) + holdAfterFailureMs - o.now;
  if (specChanged || remainingMs <= 0) return undefined;
  const { condition, reason } = failures[last.type] ?? { reason: 'TaskFailed' };
  const message = `Proxmox says: ${last.message ?? 'the task failed'}. It is tried again every ${holdAfterFailureMs / 1000} s.`;
  return {
    condition,
    finding: { reason, message },
    outcome: { kind: 'again', afterMs: remainingMs, reason },
  };
}
