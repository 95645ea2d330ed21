import { ProxmoxError } from '#proxmox/errors.ts';
import type { VmConfig } from '#proxmox/vm.ts';
import { parseMarker } from '../core/marker.ts';
import type { ClusterLink } from './cluster-link.ts';
import type { DestroyBrake } from './destroy-brake.ts';

/** The description of a configuration that a clone has reserved and not written yet. */
const unwrittenClone = /^\s*qmclone temporary file\s*$/;

/** Whether nothing was written yet: a creation has reserved the VMID by a lock alone, and an unlocked one has not that. */
const isUnwritten = ({ description, raw }: VmConfig): boolean =>
  unwrittenClone.test(description) || Object.keys(raw).every(key => key === 'digest');

/**
 * Looks at what is left under an abandoned VMID, and makes one call against it: it is destroyed with every disk of its
 * number once nobody holds a lock on it, if nothing was written into it or it carries the marker of the resource that gave it
 * up. Answers whether it is proven to be gone. A lock stays an administrator's to remove; anything else is left
 * alone, and so is what the brake on destroys holds up. Never rejects with ProxmoxError: the next probe of the cluster tries again.
 */
export async function removeLeftover(
  link: ClusterLink,
  { vmid, uid }: { vmid: number; uid?: string | undefined },
  { clusterId, brake }: { clusterId: string; brake: DestroyBrake },
): Promise<boolean> {
  try {
    const found = await find(link, vmid);
    if (!found) return (await link.proveAbsent(vmid)).proven;
    const { node, config } = found;
    const marker = parseMarker(config.description);
    // The list may be older than the machine: an etcd that was restored tells of VMIDs that are in use again.
    const whose = uid === undefined || marker?.uid === uid;
    const marked = marker?.clusterId === clusterId && marker.vmid === vmid && whose;
    if (config.lock !== undefined || !(marked || isUnwritten(config))) return false;
    if (config.protection) {
      await link.client.configure(node, vmid, { set: {}, delete: ['protection'], digest: config.digest });
    } else if (!brake.ask(vmid)) {
      await link.client.destroy(node, vmid, { purge: true, destroyUnreferencedDisks: true });
    }
    return false;
  } catch (error) {
    if (error instanceof ProxmoxError) return false;
    throw error;
  }
}

async function find(link: ClusterLink, vmid: number): Promise<{ node: string; config: VmConfig } | undefined> {
  const node = link.line(vmid)?.node;
  if (node === undefined) return undefined;
  try {
    return { node, config: await link.client.vmConfig(node, vmid) };
  } catch (error) {
    if (error instanceof ProxmoxError && error.kind === 'missing') return undefined;
    throw error;
  }
}
