import { type VmOperation, vmOperations } from '#api/kinds.ts';
import type { VmOperationStatus } from '#api/vm-operation.ts';
import type { KubeClient } from '#kube/client.ts';
import { ProxmoxError } from '#proxmox/errors.ts';
import type { Upid } from '#proxmox/upid.ts';
import { begun, ended } from '../core/operation.ts';
import type { ClusterLink } from './cluster-link.ts';
import { writeStatusOnce } from './status-writer.ts';

/** What it takes to tell Proxmox of an operation. */
export interface Telling {
  operation: VmOperation;
  /** metadata.uid of the machine. */
  vmUid: string | undefined;
  node: string;
  vmid: number;
  timeoutSeconds: number;
  /** Name in Proxmox of the snapshot that a Rollback goes to. */
  snapshotName?: string;
  /** The newest task of its type that the machine had before. */
  afterUpid?: string;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Writes the status of an operation; undefined where nothing was written. */
export const writeOperation = (
  kube: KubeClient,
  operation: VmOperation,
  status: VmOperationStatus,
): Promise<VmOperation | undefined> => writeStatusOnce(kube, vmOperations, operation, status);

/** Failures that say nothing about the operation: Proxmox is asked again, or looked at. */
const passing = new Set<string>(['transient', 'locked', 'unauthenticated']);

/**
 * Begins an operation, tells Proxmox, and notes the task, in this order: whoever comes after a crash sees that it was
 * begun and looks for its task. What Proxmox refuses has failed for good. Answers undefined where there is no task.
 */
export async function tellProxmox(kube: KubeClient, link: ClusterLink, what: Telling): Promise<Upid | undefined> {
  const { operation, now } = what;
  const isBegun = operation.status?.startedAt !== undefined;
  const own = isBegun ? operation : await writeOperation(kube, operation, begun(operation, what, now));
  if (!own) return undefined;
  try {
    const upid = await call(link, what);
    await writeOperation(kube, own, { ...own.status, upid });
    return upid;
  } catch (error) {
    if (!(error instanceof ProxmoxError) || error.outcomeUnknown || passing.has(error.kind)) throw error;
    const message = `Proxmox says: ${error.reason}`;
    await writeOperation(kube, own, ended(own, { reason: 'TaskFailed', message }, now));
    return undefined;
  }
}

function call({ client }: ClusterLink, telling: Telling): Promise<Upid> {
  const { operation, node, vmid, timeoutSeconds, snapshotName = '' } = telling;
  switch (operation.spec.type) {
    case 'Reset':
      return client.reset(node, vmid);
    case 'Rollback':
      return client.rollback(node, vmid, snapshotName);
    case 'Restart':
      return client.reboot(node, vmid, { timeoutSeconds });
  }
}
