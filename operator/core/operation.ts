import type { VmOperation } from '#api/kinds.ts';
import type { VmOperationSpec, VmOperationStatus } from '#api/vm-operation.ts';
import { type ConditionUpdate, withConditions } from './conditions.ts';
import type { Finding } from './decision.ts';
import type { Observed } from './observed.ts';
import { byAge } from './quota/pending.ts';
import { isReady } from './steps/settled.ts';

/** What Proxmox calls the task of each type of operation. */
export const operationTasks: Record<VmOperationSpec['type'], string> = {
  Restart: 'qmreboot',
  Reset: 'qmreset',
  Rollback: 'qmrollback',
};

/** Whether nothing more becomes of an operation. */
export const isFinished = ({ status }: VmOperation): boolean =>
  status?.conditions?.some(({ type, status: held }) => held === 'True' && (type === 'Complete' || type === 'Failed')) ??
  false;

/** The operation that a machine's turn has come for: the one that was begun on it, else the oldest. */
export function currentOperation(operations: VmOperation[], vmUid: string | undefined): VmOperation | undefined {
  const open = operations
    .filter(operation => !isFinished(operation) && operation.metadata.deletionTimestamp === undefined)
    .sort(byAge);
  return open.find(({ status }) => status?.startedAt !== undefined && status.vmUID === vmUid) ?? open[0];
}

/** Where an operation is begun: metadata.uid of its machine, and the newest task of its type that there was. */
export interface Beginning {
  vmUid?: string | undefined;
  afterUpid?: string | undefined;
}

/** The status of an operation that is begun: written before Proxmox is told. */
export const begun = (operation: VmOperation, { vmUid, afterUpid }: Beginning, now: number): VmOperationStatus => ({
  ...inProgress(operation, { reason: 'Running', message: 'The machine is being told.' }, now),
  startedAt: new Date(now).toISOString(),
  ...(vmUid !== undefined && { vmUID: vmUid }),
  ...(afterUpid !== undefined && { afterUpid }),
});

/** The status of an operation that waits, or runs. */
export function inProgress(operation: VmOperation, { reason, message }: Finding, now: number): VmOperationStatus {
  const updates: ConditionUpdate[] = [
    { type: 'Ready', status: 'False', reason, message },
    { type: 'Reconciling', status: 'True', reason: 'Progressing', message },
  ];
  return withUpdates(operation, updates, [], now);
}

/** The status of an operation that has ended: well, or with what has gone wrong. */
export function ended(operation: VmOperation, failure: Finding | undefined, now: number): VmOperationStatus {
  const updates: ConditionUpdate[] = failure
    ? [
        { type: 'Ready', status: 'False', ...failure },
        { type: 'Failed', status: 'True', ...failure },
        { type: 'Stalled', status: 'True', ...failure },
      ]
    : (['Ready', 'Complete'] as const).map(type => ({
        type,
        status: 'True',
        reason: 'Succeeded',
        message: 'It is done.',
      }));
  return { ...withUpdates(operation, updates, ['Reconciling'], now), finishedAt: new Date(now).toISOString() };
}

function withUpdates(
  { metadata, status = {} }: VmOperation,
  updates: ConditionUpdate[],
  removed: string[],
  now: number,
): VmOperationStatus {
  const { generation } = metadata;
  return {
    ...status,
    ...(generation !== undefined && { observedGeneration: generation }),
    conditions: withConditions(status.conditions ?? [], updates, removed, generation, now),
  };
}

/** When an operation must have ended, in milliseconds since the epoch. */
export const deadlineOf = ({ metadata, spec }: VmOperation): number =>
  Date.parse(metadata.creationTimestamp ?? '') + spec.deadlineSeconds * 1000;

/** Why an operation has failed that its machine can do nothing about. `vm` is undefined where it is proven not to be. */
export function hopeless(operation: VmOperation, vm: Observed['vm'] | undefined, now: number): Finding | undefined {
  const { vmName } = operation.spec;
  if (!vm) return { reason: 'NotFound', message: `There is no VirtualMachine "${vmName}".` };
  const begunOn = operation.status?.vmUID;
  if (vm.metadata.deletionTimestamp || (begunOn !== undefined && begunOn !== vm.metadata.uid)) {
    return { reason: 'MachineDeleted', message: `The VirtualMachine "${vmName}" is being deleted, or was made anew.` };
  }
  if (now < deadlineOf(operation)) return undefined;
  return { reason: 'DeadlineExceeded', message: `It was not done within ${operation.spec.deadlineSeconds} s.` };
}

/** What an operation waits for that is not begun at once. */
export function waitsFor(operation: VmOperation, vm: Observed['vm'], all: VmOperation[]): Finding | undefined {
  const first = currentOperation(all, vm.metadata.uid);
  if (first && first.metadata.uid !== operation.metadata.uid) {
    return { reason: 'Waiting', message: `It waits for the operation "${first.metadata.name}".` };
  }
  if (operation.status?.startedAt !== undefined || isReady(vm)) return undefined;
  const ready = vm.status?.conditions?.find(({ type }) => type === 'Ready');
  return { reason: 'Waiting', message: `It waits for the machine: ${ready?.message ?? 'it is not known yet.'}` };
}
