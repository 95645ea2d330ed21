import { isDeepStrictEqual } from 'node:util';
import { type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import type { VirtualMachineStatus } from '#api/virtual-machine-status.ts';
import type { KubeClient } from '#kube/client.ts';
import { isConflict, isNotFound } from '#kube/errors.ts';
import type { KubeObject, ResourceType } from '#kube/resource.ts';

/** Owner of the fields that the operator applies. */
export const fieldManager = 'berth-operator';

/** How often a write is tried again because people are editing the resource meanwhile. */
const mostConflicts = 5;

/**
 * Applies a status by compare-and-swap: server-side apply with a resourceVersion. Where only somebody's edit of the
 * spec came between, it is tried again; a status that another operator wrote is never overwritten. Answers the resource
 * as it stands afterwards. Rejects with KubeError.
 */
export async function writeStatus(
  kube: KubeClient,
  vm: VirtualMachine,
  status: VirtualMachineStatus,
): Promise<VirtualMachine> {
  let base = vm;
  for (let conflicts = 0; ; conflicts++) {
    const { name, namespace, resourceVersion } = base.metadata;
    try {
      return await kube.applyStatus<VirtualMachine>(
        virtualMachines,
        { metadata: { name, namespace, resourceVersion }, status },
        { fieldManager, force: true },
      );
    } catch (error) {
      if (!isConflict(error) || conflicts >= mostConflicts) throw error;
      base = await kube.get<VirtualMachine>(virtualMachines, vm.metadata);
      const sameStatus = base.metadata.uid === vm.metadata.uid && isDeepStrictEqual(base.status, vm.status);
      if (!sameStatus) throw error;
    }
  }
}

/**
 * Applies the status of a resource by compare-and-swap, once. Answers undefined where there is nothing new to say, somebody
 * was faster, or our own view of it is old: what is there now will be seen.
 */
export async function writeStatusOnce<T extends KubeObject & { status?: object | undefined }>(
  kube: KubeClient,
  type: ResourceType,
  { metadata, status: before }: T,
  status: NonNullable<T['status']>,
): Promise<T | undefined> {
  if (isDeepStrictEqual(before, status)) return undefined;
  const { name, namespace, resourceVersion } = metadata;
  try {
    return await kube.applyStatus<T>(
      type,
      { metadata: { name, namespace, resourceVersion }, status },
      { fieldManager, force: true },
    );
  } catch (error) {
    if (isConflict(error) || isNotFound(error)) return undefined;
    throw error;
  }
}
