import { type VirtualMachine, type VmOperation, virtualMachines, vmOperations } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';
import type { Outcome, ReconcileContext } from '#kube/controller.ts';
import { isConflict, isNotFound } from '#kube/errors.ts';
import { formatKey } from '#kube/resource.ts';
import type { Store } from '#kube/store.ts';
import { deadlineOf, ended, hopeless, inProgress, isFinished, waitsFor } from '../core/operation.ts';
import { writeOperation } from '../effects/operations.ts';

/** What the controller of VmOperations works with. */
export interface OperationControllerParts {
  kube: KubeClient;
  operations: Store<VmOperation>;
  machines: Store<VirtualMachine>;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Makes the reconcile of a VmOperation: what it waits for, its deadline, and its removal in the end. It is carried out by
 * the controller of its machine, which alone changes machines in Proxmox.
 */
export function operationReconciler({ kube, operations, machines, now }: OperationControllerParts) {
  return async (key: string, { log }: ReconcileContext): Promise<Outcome> => {
    const operation = operations.get(key);
    if (!operation || operation.metadata.deletionTimestamp) return { kind: 'done' };
    if (isFinished(operation)) return removeInTime(kube, operation, now());
    const machineKey = machineKeyOf(operation);
    const vm = machines.get(machineKey) ?? (await readMachine(kube, operation));
    const failure = hopeless(operation, vm, now());
    if (failure || !vm) {
      await writeOperation(kube, operation, ended(operation, failure, now()));
      log.info({ operation: key, reason: failure?.reason }, 'the operation has failed');
      return { kind: 'done' };
    }
    const waits = waitsFor(operation, vm, operations.byIndex('machine', machineKey));
    if (waits) await writeOperation(kube, operation, inProgress(operation, waits, now()));
    return { kind: 'again', afterMs: Math.max(deadlineOf(operation) - now(), 1_000), reason: 'the deadline' };
  };
}

/** Queue key of the machine that an operation is about. */
export const machineKeyOf = ({ metadata: { namespace = '' }, spec }: VmOperation): string =>
  formatKey({ namespace, name: spec.vmName });

async function removeInTime(kube: KubeClient, { metadata, spec, status }: VmOperation, now: number): Promise<Outcome> {
  const finishedAt = Date.parse(status?.finishedAt ?? metadata.creationTimestamp ?? '');
  const remainingMs = finishedAt + spec.ttlSecondsAfterFinished * 1000 - now;
  if (remainingMs > 0) return { kind: 'again', afterMs: remainingMs, reason: 'the end of its time' };
  try {
    await kube.remove(vmOperations, metadata, { ...(metadata.uid !== undefined && { uid: metadata.uid }) });
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
  return { kind: 'done' };
}

/** The watch of machines may lag behind that of operations: only what the API server says itself counts. */
async function readMachine(kube: KubeClient, { metadata, spec }: VmOperation): Promise<VirtualMachine | undefined> {
  try {
    return await kube.get<VirtualMachine>(virtualMachines, { namespace: metadata.namespace, name: spec.vmName });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
