import { type VirtualMachine, type VmPolicy, type VmSnapshot, virtualMachines, vmSnapshots } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';
import type { Outcome, ReconcileContext } from '#kube/controller.ts';
import { isConflict, isNotFound } from '#kube/errors.ts';
import { formatKey } from '#kube/resource.ts';
import type { Store } from '#kube/store.ts';
import {
  currentSnapshot,
  failed,
  hasFailed,
  hopelessSnapshot,
  isHeld,
  isTaken,
  ownerUidOf,
  pending,
  removalDueAt,
  snapshotWaitsFor,
} from '../core/snapshot.ts';
import { expiryOf } from '../core/snapshot-expiry.ts';
import type { QuotaGate } from '../effects/quota-gate.ts';
import { holdSnapshot, letSnapshotGo, writeSnapshot } from '../effects/snapshots.ts';

/** What the controller of VmSnapshots works with. */
export interface SnapshotControllerParts {
  kube: KubeClient;
  snapshots: Store<VmSnapshot>;
  machines: Store<VirtualMachine>;
  policies: Store<VmPolicy>;
  gate: QuotaGate;
  /** Has the machine of a key looked at. */
  wakeMachine: (key: string) => void;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** How often a snapshot is looked at whose machine is being deleted; its end wakes it. */
const leavingMs = 60_000;

/**
 * Makes the reconcile of a VmSnapshot: whose it is, what it waits for, its end. It is taken and removed by the controller
 * of its machine, which alone changes machines in Proxmox.
 */
export function snapshotReconciler(parts: SnapshotControllerParts) {
  const { kube, snapshots, machines, now } = parts;
  return async (key: string, { log }: ReconcileContext): Promise<Outcome> => {
    const snapshot = snapshots.get(key);
    if (!snapshot) return { kind: 'done' };
    if (snapshot.metadata.deletionTimestamp) return leave(parts, snapshot);
    if (hasFailed(snapshot)) return { kind: 'done' };
    if (isTaken(snapshot)) return expire(parts, snapshot);
    const machineKey = snapshotMachineKey(snapshot);
    const vm = machines.get(machineKey) ?? (await readMachine(kube, snapshot));
    const failure = hopelessSnapshot(snapshot, vm);
    if (failure || !vm) {
      await parts.gate.releaseSnapshot(snapshot);
      if (failure) await writeSnapshot(kube, snapshot, failed(snapshot, failure, now()));
      log.info({ snapshot: key, reason: failure?.reason }, 'the snapshot cannot be taken');
      return { kind: 'done' };
    }
    if (!isHeld(snapshot) || ownerUidOf(snapshot) === undefined) {
      await holdSnapshot(kube, snapshot, vm);
      return { kind: 'done' };
    }
    const first = currentSnapshot(snapshots.byIndex('machine', machineKey), vm.metadata.uid, now());
    const waits = snapshotWaitsFor(snapshot, vm, first);
    if (waits) await writeSnapshot(kube, snapshot, pending(snapshot, waits, now()));
    return { kind: 'done' };
  };
}

/** Queue key of the machine that a snapshot is of. */
export const snapshotMachineKey = ({ metadata: { namespace = '' }, spec }: VmSnapshot): string =>
  formatKey({ namespace, name: spec.vmName });

/** A snapshot goes with its machine; one whose machine stays is removed by that one's controller. */
async function leave(
  { kube, machines, gate, wakeMachine, now }: SnapshotControllerParts,
  snapshot: VmSnapshot,
): Promise<Outcome> {
  if (!isHeld(snapshot)) return { kind: 'done' };
  const machineKey = snapshotMachineKey(snapshot);
  const isOwner = (vm: VirtualMachine | undefined) => vm?.metadata.uid === ownerUidOf(snapshot);
  const known = machines.get(machineKey);
  // That a machine is gone is true only if the API server says so; its end wakes us.
  const vm = isOwner(known) ? known : await readMachine(kube, snapshot);
  if (vm === undefined || !isOwner(vm)) {
    await gate.releaseSnapshot(snapshot);
    await letSnapshotGo(kube, snapshot);
    return { kind: 'done' };
  }
  if (vm.metadata.deletionTimestamp) {
    const message = `It goes with the VirtualMachine "${snapshot.spec.vmName}", which is being deleted.`;
    await writeSnapshot(kube, snapshot, pending(snapshot, { reason: 'Deleting', message }, now()));
    return { kind: 'again', afterMs: leavingMs, reason: 'its machine' };
  }
  const dueMs = removalDueAt(snapshot) - now();
  if (dueMs > 0) return { kind: 'again', afterMs: dueMs, reason: 'the next try' };
  wakeMachine(machineKey);
  return { kind: 'done' };
}

async function expire({ kube, policies, now }: SnapshotControllerParts, snapshot: VmSnapshot): Promise<Outcome> {
  const expiresAt = expiryOf(snapshot, policies.get('default'));
  const { expiresAt: told, ...status } = snapshot.status ?? {};
  if (told !== expiresAt) await writeSnapshot(kube, snapshot, { ...status, ...(expiresAt && { expiresAt }) });
  if (expiresAt === undefined) return { kind: 'done' };
  const remainingMs = Date.parse(expiresAt) - now();
  if (remainingMs > 0) return { kind: 'again', afterMs: remainingMs, reason: 'the end of its time' };
  const { uid } = snapshot.metadata;
  try {
    await kube.remove(vmSnapshots, snapshot.metadata, { ...(uid !== undefined && { uid }) });
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
  return { kind: 'done' };
}

/** The watch of machines may lag behind that of snapshots: only what the API server says itself counts. */
async function readMachine(kube: KubeClient, { metadata, spec }: VmSnapshot): Promise<VirtualMachine | undefined> {
  try {
    return await kube.get<VirtualMachine>(virtualMachines, { namespace: metadata.namespace, name: spec.vmName });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
