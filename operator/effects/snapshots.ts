import { type VirtualMachine, type VmSnapshot, vmSnapshots } from '#api/kinds.ts';
import { group, version } from '#api/names.ts';
import type { VmSnapshotStatus } from '#api/vm-snapshot.ts';
import { type KubeClient, unchangedSince } from '#kube/client.ts';
import { isConflict, isNotFound } from '#kube/errors.ts';
import { ProxmoxError } from '#proxmox/errors.ts';
import type { Upid } from '#proxmox/upid.ts';
import type { Action } from '../core/decision.ts';
import type { Observed } from '../core/observed.ts';
import { beingRemoved, beingTaken, failed, isHeld, ownerUidOf, snapshotNameOf } from '../core/snapshot.ts';
import { finalizer } from '../core/steps/reserve.ts';
import type { ClusterLink } from './cluster-link.ts';
import { writeStatusOnce } from './status-writer.ts';

/** Writes the status of a snapshot; undefined where nothing was written. */
export const writeSnapshot = (
  kube: KubeClient,
  snapshot: VmSnapshot,
  status: VmSnapshotStatus,
): Promise<VmSnapshot | undefined> => writeStatusOnce(kube, vmSnapshots, snapshot, status);

/** The VmSnapshot that the operation on a machine names, as the API server has it now. */
export async function readRollbackTarget(
  kube: KubeClient,
  { vm, operation }: Pick<Observed, 'vm' | 'operation'>,
): Promise<VmSnapshot | undefined> {
  const name = operation?.spec.rollback?.snapshotName;
  if (name === undefined) return undefined;
  try {
    return await kube.get<VmSnapshot>(vmSnapshots, { namespace: vm.metadata.namespace, name });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Makes a snapshot the machine's dependent, which goes with it, and keeps it until Proxmox has it no more. */
export async function holdSnapshot(kube: KubeClient, snapshot: VmSnapshot, vm: VirtualMachine): Promise<void> {
  const { finalizers = [], ownerReferences = [] } = snapshot.metadata;
  const { name, uid = '' } = vm.metadata;
  const owner = { apiVersion: `${group}/${version}`, kind: 'VirtualMachine', name, uid };
  await edit(kube, snapshot, {
    ...(!isHeld(snapshot) && { finalizers: [...finalizers, finalizer] }),
    ...(ownerUidOf(snapshot) === undefined && { ownerReferences: [...ownerReferences, owner] }),
  });
}

/** Lets a snapshot go: Proxmox is proven not to have it. */
export function letSnapshotGo(kube: KubeClient, snapshot: VmSnapshot): Promise<void> {
  const { finalizers = [] } = snapshot.metadata;
  return edit(kube, snapshot, { finalizers: finalizers.filter(name => name !== finalizer) });
}

async function edit(kube: KubeClient, { metadata }: VmSnapshot, change: object): Promise<void> {
  const members = Object.entries(change).map(([member, value]) => {
    return { op: 'add', path: `/metadata/${member}`, value } as const;
  });
  try {
    await kube.patch(vmSnapshots, metadata, [unchangedSince(metadata), ...members]);
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
}

/** What Proxmox is told about a snapshot. */
export type SnapshotAction = Action & { kind: 'takeSnapshot' | 'removeSnapshot' };

/** What it takes to tell Proxmox of a snapshot. */
export interface SnapshotTools {
  kube: KubeClient;
  link: ClusterLink;
  /** Takes the snapshot out of its quota. */
  release: () => Promise<void>;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Failures that say nothing about the snapshot: Proxmox is asked again, or looked at. */
const passing = new Set<string>(['transient', 'locked', 'unauthenticated', 'missing']);

/**
 * Notes that a snapshot is begun, tells Proxmox, and notes the task, in this order: whoever deletes it after a crash
 * knows that it may be there. What Proxmox refuses has failed. Answers undefined where there is no task.
 */
export async function tellOfSnapshot(
  { kube, link, release, now }: SnapshotTools,
  action: SnapshotAction,
): Promise<Upid | undefined> {
  const { snapshot } = action;
  const isRemoval = snapshot.metadata.deletionTimestamp !== undefined;
  const own = await writeSnapshot(kube, snapshot, (isRemoval ? beingRemoved : beingTaken)(snapshot, now));
  if (!own) return undefined;
  try {
    const upid = await call(link, action);
    await writeSnapshot(kube, own, { ...own.status, upid });
    return upid;
  } catch (error) {
    if (!(error instanceof ProxmoxError) || error.outcomeUnknown || passing.has(error.kind)) throw error;
    const refused = error.kind === 'denied' ? 'PermissionDenied' : 'TaskFailed';
    const reason = isRemoval ? 'DeleteFailed' : refused;
    if (!isRemoval) await release();
    await writeSnapshot(kube, own, failed(own, { reason, message: `Proxmox says: ${error.reason}` }, now));
    return undefined;
  }
}

/** Longest text that Proxmox gets of what people wrote. */
const longestText = 1024;

function call({ client }: ClusterLink, action: SnapshotAction): Promise<Upid> {
  const { node, vmid, snapshot } = action;
  const name = snapshotNameOf(snapshot);
  if (action.kind === 'removeSnapshot') return client.deleteSnapshot(node, vmid, name, { force: action.force });
  const { metadata, spec } = snapshot;
  const description = [metadata.name, spec.description].filter(Boolean).join(': ').slice(0, longestText);
  return client.takeSnapshot(node, vmid, { name, description, memory: action.memory });
}
