import type { Seed } from '../state/seed.ts';

/** The privileges of an operator's role on 8.4, without those on storages and networks. */
const OPERATOR = [
  'VM.Allocate',
  'VM.Audit',
  'VM.Clone',
  'VM.Config.CDROM',
  'VM.Config.CPU',
  'VM.Config.Cloudinit',
  'VM.Config.Disk',
  'VM.Config.Memory',
  'VM.Config.Network',
  'VM.Config.Options',
  'VM.PowerMgmt',
  'VM.Snapshot',
  'Datastore.AllocateSpace',
  'SDN.Use',
];

const token = (user: string, id: string) => ({ id, secret: `secret-of-${user}!${id}` });

/**
 * Two nodes; `local` is a directory of each, `ceph` is shared. VM 100 is off, 101 runs with an agent, 102 has two disks
 * on `local`; 9000 is a template with a cloud-init drive, 9001 one without.
 */
export const labSeed: Seed = {
  cluster: { name: 'lab' },
  nodes: [
    { name: 'pve1', bridges: ['vmbr0', 'vmbr1'] },
    { name: 'pve2', bridges: ['vmbr0', 'vmbr1'] },
  ],
  storages: [
    {
      id: 'local',
      type: 'dir',
      content: ['images', 'iso', 'backup', 'import', 'snippets'],
      sizeGiB: 100,
      volumes: [
        { name: 'iso/debian.iso', sizeMiB: 700 },
        { name: 'import/debian.qcow2', sizeMiB: 300 },
      ],
    },
    { id: 'ceph', type: 'rbd', content: ['images'], sizeGiB: 1000 },
  ],
  vms: [
    { vmid: 100, node: 'pve1', config: { name: 'off', memory: '1024', scsi0: 'ceph:4', net0: 'virtio,bridge=vmbr0' } },
    {
      vmid: 101,
      node: 'pve1',
      running: true,
      config: { name: 'on', agent: '1', memory: '1024', scsi0: 'ceph:4', net0: 'virtio,bridge=vmbr0' },
    },
    { vmid: 102, node: 'pve1', config: { name: 'two', scsi0: 'local:1', scsi1: 'local:1,format=qcow2' } },
    {
      vmid: 9000,
      node: 'pve1',
      template: true,
      config: { name: 'debian', scsi0: 'ceph:8', ide2: 'ceph:cloudinit', net0: 'virtio,bridge=vmbr0' },
    },
    { vmid: 9001, node: 'pve1', template: true, config: { name: 'plain', virtio0: 'ceph:8' } },
  ],
  pools: [{ id: 'team' }],
  users: [
    { id: 'root@pam', password: 'root-password', tokens: [token('root@pam', 'test')] },
    {
      id: 'operator@pve',
      password: 'operator-password',
      tokens: [
        token('operator@pve', 'op'),
        token('operator@pve', 'other'),
        { ...token('operator@pve', 'separate'), privsep: true },
        { ...token('operator@pve', 'expired'), expire: 1 },
      ],
    },
    { id: 'viewer@pve', password: 'viewer-password', tokens: [token('viewer@pve', 'ro')] },
    { id: 'nobody@pve', tokens: [token('nobody@pve', 'none')] },
    { id: 'disabled@pve', enable: false, tokens: [token('disabled@pve', 'off')] },
  ],
  roles: { Operator: OPERATOR },
  acl: [
    { path: '/', user: 'operator@pve', role: 'Operator' },
    { path: '/', user: 'viewer@pve', role: 'PVEAuditor' },
  ],
};
