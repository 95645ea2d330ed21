import { privileges, token } from '#cli/demo/proxmox.ts';
import type { Seed } from '#simulator/state/seed.ts';
import type { StandingVm } from './protocol.ts';

/** Nodes of the benchmark's cluster; each has a template. */
export const nodes = ['pve1', 'pve2', 'pve3'];

/** VMID of the template on the node of that index. */
export const templateVmid = (index: number): number => 9000 + index;

/** First VMID of the benchmark's machines. */
export const firstVmid = 10_000;

/** What each machine asks for. */
export const size = { cpu: 1, memoryMiB: 512, diskGiB: 3 };

const templateGiB = 2;

/** A cluster with room for `vms` machines, a template on each node, and what stands there from the start. */
export function benchSeed(vms: number, standing: readonly StandingVm[]): Seed {
  const roomGiB = Math.ceil(vms * size.diskGiB * 2) + 1_000;
  return {
    cluster: { name: 'bench' },
    nodes: nodes.map(name => ({ name, cpus: 128, memoryGiB: Math.ceil((vms * size.memoryMiB) / 1024) + 64 })),
    storages: [{ id: 'ceph', type: 'rbd', content: ['images'], sizeGiB: roomGiB }],
    vms: [...templates(), ...standing.map(machineOf)],
    users: [{ id: 'berth@pve', tokens: [{ id: 'operator', secret: token.tokenSecret }] }],
    roles: { BerthOperator: privileges },
    acl: [{ path: '/', user: 'berth@pve', role: 'BerthOperator' }],
  };
}

const hardware = {
  ostype: 'l26',
  cores: size.cpu,
  memory: String(size.memoryMiB),
  scsihw: 'virtio-scsi-single',
  net0: 'virtio,bridge=vmbr0',
  ide2: 'ceph:cloudinit',
};

const templates = () =>
  nodes.map((node, index) => ({
    vmid: templateVmid(index),
    node,
    template: true,
    usedGiB: templateGiB,
    config: { ...hardware, name: `template-${index}`, scsi0: `ceph:${templateGiB}` },
    guest: { bootMs: 1_500, shutdownMs: 500 },
  }));

const machineOf = ({ vmid, node, name, uuid, description }: StandingVm) => ({
  vmid,
  node,
  running: true,
  config: {
    ...hardware,
    name,
    description,
    tags: 'berth',
    protection: '1',
    smbios1: `uuid=${uuid}`,
    scsi0: `ceph:${size.diskGiB}`,
  },
});
