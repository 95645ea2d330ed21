import type { VmSnapshot } from '#api/kinds.ts';
import type { VmSnapshotStatus } from '#api/vm-snapshot.ts';
import { type ConditionUpdate, withConditions } from './conditions.ts';
import type { Finding } from './decision.ts';
import type { Observed, SnapshotLine } from './observed.ts';
import { byAge } from './quota/pending.ts';
import { finalizer } from './steps/reserve.ts';

/** What Proxmox calls the tasks of snapshots. */
export const snapshotTasks = { take: 'qmsnapshot', remove: 'qmdelsnapshot' } as const;

/** How long a removal that Proxmox refused is left alone. */
const retryMs = 30_000;

/**
 * The name of a snapshot in Proxmox. It is made of the resource's UID: nobody else's has it, and Proxmox refuses to make
 * it twice. Proxmox takes a letter first, and 40 characters in all.
 */
export const snapshotNameOf = ({ metadata }: VmSnapshot): string => `berth-${(metadata.uid ?? '').replaceAll('-', '')}`;

/** Whether a snapshot in Proxmox is one of Berth's. */
export const isBerthSnapshot = ({ name }: SnapshotLine): boolean => /^berth-[0-9a-f]{32}$/.test(name);

/** metadata.uid of the machine that a snapshot goes with; undefined until the operator has seen it. */
export const ownerUidOf = ({ metadata, spec }: VmSnapshot): string | undefined =>
  metadata.ownerReferences?.find(({ kind, name }) => kind === 'VirtualMachine' && name === spec.vmName)?.uid;

/** Whether a snapshot keeps the finalizer, so that nothing of it is lost sight of. */
export const isHeld = ({ metadata }: VmSnapshot): boolean => metadata.finalizers?.includes(finalizer) ?? false;

/** Whether a snapshot was taken. */
export const isTaken = ({ status }: VmSnapshot): boolean => status?.createdAt !== undefined;

/** Whether it is certain that a snapshot will not be taken. */
export const hasFailed = ({ status }: VmSnapshot): boolean =>
  status?.conditions?.some(({ type, status: held }) => type === 'Failed' && held === 'True') ?? false;

/** When a removal that was refused is tried again, in milliseconds since the epoch. */
export function removalDueAt({ status }: VmSnapshot): number {
  const refused = status?.conditions?.some(({ type, reason }) => type === 'Ready' && reason === 'DeleteFailed');
  return refused ? Date.parse(status?.finishedAt ?? '') + retryMs : 0;
}

/**
 * The snapshot that a machine's turn has come for: one that was not tried yet, the oldest first, then the one whose last
 * try is the longest ago.
 */
export function currentSnapshot(
  snapshots: VmSnapshot[],
  vmUid: string | undefined,
  now: number,
): VmSnapshot | undefined {
  const open = snapshots.filter(snapshot => {
    if (!isHeld(snapshot) || ownerUidOf(snapshot) !== vmUid) return false;
    if (snapshot.metadata.deletionTimestamp) return removalDueAt(snapshot) <= now;
    return !isTaken(snapshot) && !hasFailed(snapshot);
  });
  const triedAt = ({ status }: VmSnapshot) => status?.startedAt ?? '';
  return open.sort((a, b) => triedAt(a).localeCompare(triedAt(b)) || (byAge(a, b) < 0 ? -1 : 1))[0];
}

/** The status of a snapshot that Proxmox is about to be told of: written before. */
export const beingTaken = (snapshot: VmSnapshot, now: number): VmSnapshotStatus =>
  begun(snapshot, { reason: 'Taking', message: 'Proxmox is taking the snapshot.' }, now);

/** The status of a snapshot that Proxmox is about to remove: written before. */
export const beingRemoved = (snapshot: VmSnapshot, now: number): VmSnapshotStatus =>
  begun(snapshot, { reason: 'Deleting', message: 'Proxmox is removing the snapshot.' }, now);

function begun(snapshot: VmSnapshot, finding: Finding, now: number): VmSnapshotStatus {
  const { upid: _, ...status } = pending(snapshot, finding, now);
  const vmUID = ownerUidOf(snapshot);
  return {
    ...status,
    ...(vmUID !== undefined && { vmUID }),
    snapshotName: snapshotNameOf(snapshot),
    startedAt: new Date(now).toISOString(),
  };
}

/** The status of a snapshot that waits, or is worked at. */
export function pending(snapshot: VmSnapshot, { reason, message }: Finding, now: number): VmSnapshotStatus {
  const updates: ConditionUpdate[] = [
    { type: 'Ready', status: 'False', reason, message },
    { type: 'Reconciling', status: 'True', reason: 'Progressing', message },
  ];
  return withUpdates(snapshot, updates, ['Stalled'], now);
}

/** The status of a snapshot that was taken, as Proxmox lists it. */
export function taken(snapshot: VmSnapshot, line: SnapshotLine, now: number): VmSnapshotStatus {
  const update: ConditionUpdate = { type: 'Ready', status: 'True', reason: 'Taken', message: 'The snapshot is there.' };
  const vmUID = ownerUidOf(snapshot);
  return {
    ...withUpdates(snapshot, [update], ['Reconciling', 'Stalled'], now),
    ...(vmUID !== undefined && { vmUID }),
    snapshotName: line.name,
    createdAt: new Date(line.takenAtSeconds * 1000).toISOString(),
    memory: line.memory ? 'Included' : 'Excluded',
  };
}

/** The status of a snapshot that cannot be taken, for good; or that Proxmox would not remove for now. */
export function failed(snapshot: VmSnapshot, failure: Finding, now: number): VmSnapshotStatus {
  const updates: ConditionUpdate[] = [
    { type: 'Ready', status: 'False', ...failure },
    { type: 'Stalled', status: 'True', ...failure },
  ];
  if (!isTaken(snapshot)) updates.push({ type: 'Failed', status: 'True', ...failure });
  return { ...withUpdates(snapshot, updates, ['Reconciling'], now), finishedAt: new Date(now).toISOString() };
}

function withUpdates(
  { metadata, status = {} }: VmSnapshot,
  updates: ConditionUpdate[],
  removed: string[],
  now: number,
): VmSnapshotStatus {
  const { generation } = metadata;
  return {
    ...status,
    ...(generation !== undefined && { observedGeneration: generation }),
    conditions: withConditions(status.conditions ?? [], updates, removed, generation, now),
  };
}

/** Why a snapshot cannot be taken that its machine can do nothing about. `vm` is undefined where there is none. */
export function hopelessSnapshot({ spec }: VmSnapshot, vm: Observed['vm'] | undefined): Finding | undefined {
  if (!vm) return { reason: 'NotFound', message: `There is no VirtualMachine "${spec.vmName}".` };
  if (!vm.metadata.deletionTimestamp) return undefined;
  return { reason: 'MachineDeleted', message: `The VirtualMachine "${spec.vmName}" is being deleted.` };
}

/**
 * What a snapshot waits for whose turn has not come. Of the one whose turn it is the machine's own steps tell: two who do
 * would contradict each other for ever.
 */
export function snapshotWaitsFor(snapshot: VmSnapshot, vm: Observed['vm'], first?: VmSnapshot): Finding | undefined {
  if (first && first.metadata.uid !== snapshot.metadata.uid) {
    return { reason: 'Waiting', message: `It waits for the snapshot "${first.metadata.name}".` };
  }
  if (vm.status?.createdAt === undefined) {
    const ready = vm.status?.conditions?.find(({ type }) => type === 'Ready');
    return { reason: 'Waiting', message: `It waits for the machine: ${ready?.message ?? 'it is not known yet.'}` };
  }
  const isTold = snapshot.status?.conditions?.some(({ type }) => type === 'Ready');
  return isTold ? undefined : { reason: 'Waiting', message: 'It waits until nothing else is done to the machine.' };
}
