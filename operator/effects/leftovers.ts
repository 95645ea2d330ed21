import { ProxmoxError } from '#proxmox/errors.ts';
import type { VmConfig } from '#proxmox/vm.ts';
import { parseMarker } from '../core/marker.ts';
import type { ClusterLink } from './cluster-link.ts';

/** The description of a configuration that a clone has reserved and not written yet. */
const unwritten = /^\s*qmclone temporary file\s*$/;

/**
 * Looks at what is left under an abandoned VMID, and makes one call against it: it is destroyed with every disk of its
 * number once nobody holds a lock on it, if it is an unwritten clone or carries a marker of this Kubernetes cluster for
 * that VMID. Answers whether it is proven to be gone. A lock stays an administrator's to remove; anything else is left
 * alone. Never rejects with ProxmoxError: the next probe of the cluster tries again.
 */
export async function removeLeftover(link: ClusterLink, vmid: number, clusterId: string): Promise<boolean> {
  try {
    const found = await find(link, vmid);
    if (!found) return (await link.proveAbsent(vmid)).proven;
    const { node, config } = found;
    const marker = parseMarker(config.description);
    const marked = marker?.clusterId === clusterId && marker.vmid === vmid;
    if (config.lock !== undefined || !(marked || unwritten.test(config.description))) return false;
    if (config.protection) {
      await link.client.configure(node, vmid, { set: {}, delete: ['protection'], digest: config.digest });
    } else {
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
