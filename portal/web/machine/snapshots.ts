import type { VmQuota, VmSnapshot } from '#api/kinds.ts';

/** What a snapshot is: there, on its way, on its way out, or nothing that will ever be there. */
export type SnapshotState = 'taken' | 'pending' | 'leaving' | 'failed';

/** How a snapshot is doing. Pure. */
export function snapshotState({ metadata, status }: VmSnapshot): SnapshotState {
  if (metadata.deletionTimestamp) return 'leaving';
  if (status?.createdAt) return 'taken';
  const failed = status?.conditions?.some(({ type, status: held }) => type === 'Failed' && held === 'True');
  return failed ? 'failed' : 'pending';
}

/** What is told of a snapshot that is not simply there: a reason that has a sentence, and the operator's own words. */
export function snapshotNote(snapshot: VmSnapshot): { reason: string; message?: string } | undefined {
  const state = snapshotState(snapshot);
  if (state === 'taken') return undefined;
  const ready = snapshot.status?.conditions?.find(({ type }) => type === 'Ready');
  const stuck = snapshot.status?.conditions?.some(({ type, status }) => type === 'Stalled' && status === 'True');
  // What goes as it should needs no more words.
  const message =
    stuck || ready?.reason === 'LockedByTask' || ready?.reason === 'StuckLock' ? ready?.message : undefined;
  const reason = state === 'leaving' && !stuck ? 'Leaving' : (ready?.reason ?? 'Waiting');
  return { reason, ...(message !== undefined && { message }) };
}

/** How many snapshots the team has and may have; undefined where they are not limited. Pure. */
export function snapshotQuota(quota: VmQuota | undefined): { used: number; hard: number } | undefined {
  const hard = quota?.spec.hard.snapshots;
  return hard === undefined ? undefined : { used: quota?.status?.used?.snapshots ?? 0, hard };
}
