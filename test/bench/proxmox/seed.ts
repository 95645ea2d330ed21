import { privileges, token } from '#cli/demo/proxmox.ts';
import type { Seed } from '#simulator/state/seed.ts';

/** Nodes of the benchmark's cluster; each has a template. */
export const nodes = ['pve1', 'pve2', 'pve3'];

/** VMID of the template on the node of that index. */
export const templateVmid = (index: number): number => 9000 + index;

/** First VMID of the benchmark's machines. */
export const firstVmid = 10_000;

/** What each machine asks for. */
export const size = { cpu: 1, memoryMiB: 512, diskGiB: 3 };

const templateGiB = 2;

/** A cluster with room for `vms` machines and a template on each node. */
export function benchSeed(vms: number): Seed {
  const roomGiB = Math.ceil(vms * size.diskGiB * 2) + 1_000;
  return {
    cluster: { name: 'bench' },
    nodes: nodes.map(name => ({ name, cpus: 128, memoryGiB: Math.ceil((vms * size.memoryMiB) / 1024) + 64 })),
    storages: [{ id: 'ceph', type: 'rbd', content: ['images'], sizeGiB: roomGiB }],
    vms: nodes.map((node, index) => ({
      vmid: templateVmid(index),
      node,
      template: true,
      usedGiB: templateGiB,
      config: {
        name: `template-${index}`,
        ostype: 'l26',
        cores: 1,
        memory: '512',
        scsihw: 'virtio-scsi-single',
        net0: 'virtio,bridge=vmbr0',
        ide2: 'ceph:cloudinit',
        scsi0: `ceph:${templateGiB}`,
      },
      guest: { bootMs: 1_500, shutdownMs: 500 },
    })),
    users: [{ id: 'berth@pve', tokens: [{ id: 'operator', secret: token.tokenSecret }] }],
    roles: { BerthOperator: privileges },
    acl: [{ path: '/', user: 'berth@pve', role: 'BerthOperator' }],
  };
}
