import type { Seed } from './seed.ts';

/** What Berth's role needs on 8.4; two of these privileges have other names later. */
const ROLE = [
  'VM.Allocate',
  'VM.Audit',
  'VM.Clone',
  'VM.Config.CDROM',
  'VM.Config.CPU',
  'VM.Config.Cloudinit',
  'VM.Config.Disk',
  'VM.Config.HWType',
  'VM.Config.Memory',
  'VM.Config.Network',
  'VM.Config.Options',
  'VM.Console',
  'VM.Migrate',
  'VM.PowerMgmt',
  'VM.Snapshot',
  'VM.Snapshot.Rollback',
  'VM.Monitor',
  'VM.GuestAgent.Audit',
  'Datastore.AllocateSpace',
  'Datastore.Audit',
  'Pool.Audit',
  'SDN.Use',
  'Sys.Audit',
];

const CLOUD_IMAGE = {
  ostype: 'l26',
  cores: 2,
  memory: '2048',
  scsihw: 'virtio-scsi-single',
  net0: 'virtio,bridge=vmbr0',
  agent: 'enabled=1',
  serial0: 'socket',
};

const EVERYWHERE = [
  { name: 'vmbr0', vlanAware: true, ports: ['eno1'], comment: 'the office network' },
  { name: 'vmbr1', ports: ['eno2'], comment: 'the laboratory network' },
];

/**
 * Three nodes, a local and a shared storage, two bridges, two templates with a cloud-init drive and one without.
 * `root@pam!test` may do everything; `berth@pve!berth` has a role like the documented one.
 */
export const exampleSeed: Seed = {
  cluster: { name: 'lab' },
  nodes: ['pve1', 'pve2', 'pve3'].map(name => ({ name, cpus: 16, memoryGiB: 64, bridges: EVERYWHERE })),
  storages: [
    {
      id: 'local',
      type: 'dir',
      content: ['iso', 'vztmpl', 'backup', 'import', 'snippets', 'images'],
      sizeGiB: 200,
      volumes: [
        { name: 'iso/debian-13.iso', sizeMiB: 750 },
        { name: 'import/debian-13.qcow2', sizeMiB: 330, virtualMiB: 3072 },
      ],
    },
    { id: 'ceph', type: 'rbd', content: ['images', 'rootdir'], sizeGiB: 4000 },
  ],
  vms: [
    {
      vmid: 9000,
      node: 'pve1',
      template: true,
      config: { ...CLOUD_IMAGE, name: 'debian-13', scsi0: 'ceph:8', ide2: 'ceph:cloudinit' },
    },
    {
      vmid: 9001,
      node: 'pve1',
      template: true,
      config: { ...CLOUD_IMAGE, name: 'ubuntu-2404', scsi0: 'ceph:10', ide2: 'ceph:cloudinit' },
      usedGiB: 1,
    },
    {
      vmid: 9002,
      node: 'pve2',
      template: true,
      config: { ...CLOUD_IMAGE, name: 'windows-2025', ostype: 'win11', scsi0: 'ceph:40' },
      usedGiB: 12,
      guest: { bootMs: 30_000, shutdownMs: 15_000, agentAfterMs: null },
    },
  ],
  pools: [{ id: 'berth', comment: 'VMs of Berth' }],
  users: [
    {
      id: 'root@pam',
      password: 'simulator',
      tokens: [{ id: 'test', secret: '00000000-0000-4000-8000-000000000000' }],
    },
    {
      id: 'berth@pve',
      password: 'simulator',
      tokens: [{ id: 'berth', secret: '11111111-1111-4111-8111-111111111111' }],
    },
    {
      id: 'console@pve',
      tokens: [{ id: 'berth', secret: '22222222-2222-4222-8222-222222222222' }],
    },
  ],
  roles: { Berth: ROLE, BerthConsole: ['VM.Console'] },
  acl: [
    { path: '/', user: 'berth@pve', role: 'Berth' },
    { path: '/vms', user: 'console@pve', role: 'BerthConsole' },
  ],
};
