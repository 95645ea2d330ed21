import type { VmOperation } from '#api/kinds.ts';
import { type Action, act, type ConditionType, type Finding, lookAt, type Verdict } from '../decision.ts';
import { identify, markerOf } from '../marker.ts';
import type { Observed } from '../observed.ts';
import { operationTasks } from '../operation.ts';
import { rollbackTarget } from './rollback.ts';
import { lastTaskOf } from './task.ts';

/** How often a machine is looked at that an operation waits for. */
const waitingMs = 2_000;

/** How long Proxmox has to start a machine again whose restart has stopped it; it does so half a second later. */
const restartMs = 15_000;

/**
 * How long an operation that was begun may take to reach Proxmox: another operator may be about to tell, and a call of one
 * that has died waits up to 10 s for a lock.
 */
const landingMs = 12_000;

const waiting: Verdict = { outcome: { kind: 'again', afterMs: waitingMs, reason: 'an operation' } };

/**
 * What people ask for once is done before the machine is put right, so that a guest that hangs can be reset whatever
 * else is wrong. It touches a machine that is proven to be ours, and tells Proxmox once: what was begun is looked for.
 */
export function operate(o: Observed): Verdict | undefined {
  const { operation, vm, config } = o;
  const vmid = vm.status?.vmid;
  if (!operation || vmid === undefined || vm.status?.createdAt === undefined) return undefined;
  const last = lastTaskOf(o);
  if (last && last.upid === operation.status?.upid) return end(o, operation, last);
  if (config === undefined) return lookAt('config');
  if (!config.found) return undefined;
  if (identify(config.config, markerOf(vm, o.clusterId), vm.status.uuid) !== 'ours') {
    const message = `VM ${vmid} in Proxmox is not the machine of this resource.`;
    return over(operation, { reason: 'VMIDConflict', message });
  }
  if (operation.status?.startedAt !== undefined) {
    const follow = followed(o, operation);
    if (follow) return follow;
  }
  if (config.config.lock !== undefined) return waiting;
  const timeoutSeconds = vm.spec.shutdown?.timeoutSeconds ?? 180;
  const action = { kind: 'operate', operation, node: config.node, vmid, timeoutSeconds } as const;
  if (operation.spec.type === 'Rollback') {
    const target = rollbackTarget(o, operation, config.config);
    if ('look' in target) return target.look;
    if ('refused' in target) return over(operation, target.refused);
    return begin(o, { ...action, snapshotName: target.snapshotName });
  }
  if (o.power === undefined) return lookAt('power');
  if (o.power !== 'Running') return notRunning(o, operation);
  return begin(o, action);
}

/** What it comes after is noted with its beginning, so that its own task is told from those of earlier operations. */
function begin({ operationTask }: Observed, action: Action & { kind: 'operate' }): Verdict {
  if (operationTask === undefined) return lookAt('operationTask');
  const { upid } = operationTask;
  return told({ ...action, ...(upid !== undefined && { afterUpid: upid }) }, action.operation);
}

const words = {
  Restart: ['Restarting', 'The guest was asked to restart.'],
  Reset: ['Resetting', 'The machine is being reset.'],
  Rollback: ['RollingBack', 'The machine is being taken back to a snapshot.'],
} as const;

/** After a rollback neither power nor configuration are what they were; that is nobody else's doing, and put right. */
const concerns: Record<VmOperation['spec']['type'], ConditionType[]> = {
  Restart: ['PowerSynced'],
  Reset: ['PowerSynced'],
  Rollback: ['PowerSynced', 'ConfigSynced'],
};

/** Tells Proxmox, or follows what it was told, and says so. */
function told(action: Action, operation: VmOperation): Verdict {
  const [reason, message] = words[operation.spec.type];
  return { ...act(action, reason, message), conditions: concerns[operation.spec.type] };
}

/** The task of an operation that was begun: told of, or found in Proxmox. */
function followed(o: Observed, operation: VmOperation): Verdict | undefined {
  const known = operation.status?.upid;
  if (known === undefined && o.operationTask === undefined) return lookAt('operationTask');
  const upid = known ?? o.operationTask?.upid;
  if (upid === undefined)
    return o.now < Date.parse(operation.status?.startedAt ?? '') + landingMs ? waiting : undefined;
  return told({ kind: 'followOperation', operation, upid }, operation);
}

function end(o: Observed, operation: VmOperation, last: NonNullable<ReturnType<typeof lastTaskOf>>): Verdict {
  if (last.result === 'Failed') {
    return over(operation, { reason: 'TaskFailed', message: `Proxmox says: ${last.message ?? 'the task failed'}.` });
  }
  const startsAgain = last.type === operationTasks.Restart && o.now < Date.parse(last.finishedAt) + restartMs;
  if (!startsAgain) return over(operation);
  if (o.config === undefined) return lookAt('config');
  if (!o.config.found) return over(operation);
  if (o.power === undefined) return lookAt('power');
  return o.power === 'Running' ? over(operation) : waiting;
}

/** The change of the operation wakes its machine. */
const over = (operation: VmOperation, failure?: Finding): Verdict => ({
  action: { kind: 'endOperation', operation, ...(failure && { failure }) },
  outcome: { kind: 'done' },
});

/** One that should run is started first; any other is what its resource says. */
function notRunning({ vm, power }: Observed, operation: VmOperation): Verdict | undefined {
  if (vm.spec.powerState === 'Running') return undefined;
  const message = `The machine is ${power}; only one that runs can be told to ${operation.spec.type.toLowerCase()}.`;
  return over(operation, { reason: 'NotRunning', message });
}
