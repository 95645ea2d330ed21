import { type VmQuota, vmQuotas } from '#api/kinds.ts';
import { resourceQuotas } from '#kube/builtin.ts';
import type { KubeClient } from '#kube/client.ts';
import { isNotFound } from '#kube/errors.ts';
import { apiVersionOf, type KubeObject } from '#kube/resource.ts';
import { fieldManager } from './status-writer.ts';

/** Name of the ResourceQuota that mirrors a VmQuota. */
export const mirrorName = 'berth-vmquota';

/** What is counted: VirtualMachines as objects. */
export const mirrorCount = 'count/virtualmachines.berth.dev';

/** A ResourceQuota, as far as it is written and read. */
export type ResourceQuota = KubeObject & { spec?: { hard?: Record<string, string> } };

/**
 * Mirrors `hard.vms` to a native ResourceQuota: the API server then counts resources by itself, exactly, though our
 * admission be down, and stops a flood of them. It counts machines that wait for a grant, too, so that there is `beside`
 * for these. It goes with the VmQuota that owns it.
 */
export async function mirror(kube: KubeClient, { metadata, spec }: VmQuota, beside: number): Promise<void> {
  const { namespace, name, uid = '' } = metadata;
  const key = { ...(namespace !== undefined && { namespace }), name: mirrorName };
  if (spec.hard.vms === undefined) {
    await kube.remove(resourceQuotas, key).catch(error => {
      if (!isNotFound(error)) throw error;
    });
    return;
  }
  const owner = { apiVersion: apiVersionOf(vmQuotas), kind: vmQuotas.kind, name, uid };
  const quota = {
    metadata: { ...key, ownerReferences: [owner] },
    spec: { hard: { [mirrorCount]: String(spec.hard.vms + beside) } },
  };
  await kube.apply(resourceQuotas, quota, { fieldManager, force: true });
}
