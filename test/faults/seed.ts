import type { ProxmoxCluster, VmQuota, VmTemplate } from '#api/kinds.ts';
import type { Seed } from '#simulator/state/seed.ts';

/** Everything about the simulated Proxmox that plans are run on: two nodes, one template, and machines of strangers. */
export const seed: Seed = {
  cluster: { name: 'lab' },
  nodes: ['n1', 'n2'].map(name => ({ name, cpus: 16, memoryGiB: 64 })),
  storages: [
    {
      id: 'shared',
      type: 'nfs',
      content: ['images', 'iso'],
      sizeGiB: 1000,
      volumes: ['debian', 'rescue'].map(name => ({ name: `iso/${name}.iso`, sizeMiB: 600 })),
    },
  ],
  vms: [
    {
      vmid: 900,
      node: 'n1',
      template: true,
      config: {
        name: 'debian',
        memory: '512',
        net0: 'virtio,bridge=vmbr0',
        scsi0: 'shared:2,format=qcow2',
        ide2: 'shared:cloudinit',
      },
    },
    { vmid: 500, node: 'n1', config: { name: 'web-1', tags: 'berth', scsi0: 'shared:1' }, running: true },
    { vmid: 1000, node: 'n2', config: { name: 'stranger', description: 'inside the range', scsi0: 'shared:1' } },
  ],
  users: [{ id: 'berth@pve', tokens: [{ id: 'operator', secret: '11111111-1111-4111-8111-111111111111' }] }],
  roles: {
    BerthOperator: [
      'VM.Allocate',
      'VM.Audit',
      'VM.Clone',
      'VM.Config.CDROM',
      'VM.Config.CPU',
      'VM.Config.Disk',
      'VM.Config.HWType',
      'VM.Config.Memory',
      'VM.Config.Network',
      'VM.Config.Options',
      'VM.GuestAgent.Audit',
      'VM.PowerMgmt',
      'VM.Snapshot',
      'Datastore.AllocateSpace',
      'SDN.Use',
      'Sys.Audit',
      'Pool.Allocate',
      'Pool.Audit',
    ],
  },
  acl: [{ path: '/', user: 'berth@pve', role: 'BerthOperator' }],
};

/** VMIDs of machines that Berth must never touch. */
export const strangers = [500, 900, 1000];

/** A machine that somebody made by hand, which lives on and is to be adopted. */
export const adoptee: NonNullable<Seed['vms']>[number] = {
  vmid: 510,
  node: 'n2',
  config: {
    name: 'by-hand',
    description: 'made by hand',
    cores: '2',
    memory: '1024',
    agent: '1',
    net0: 'virtio,bridge=vmbr0',
    scsi0: 'shared:4',
  },
  running: true,
};

/** The token of the seed. */
export const token = { tokenId: 'berth@pve!operator', tokenSecret: '11111111-1111-4111-8111-111111111111' };

/** The volumes of the images that machines may have in their drives, by their names in the catalogue. */
export const isos = { debian: 'shared:iso/debian.iso', rescue: 'shared:iso/rescue.iso' };

/** The resources that stand before a plan begins. */
export const cluster: ProxmoxCluster = {
  metadata: { name: 'lab' },
  spec: {
    endpoints: ['https://lab.test:8006'],
    credentialsSecretRef: { name: 'proxmox', namespace: 'berth-system' },
    tls: { fingerprintSHA256: Array(32).fill('AB').join(':') },
    poolPrefix: 'berth-',
    vmidRange: { start: 1000, end: 1099 },
    nodes: [{ name: 'n1' }, { name: 'n2' }],
    storages: [{ name: 'shared', default: 'Enabled' }],
    bridges: [{ name: 'vmbr0' }],
    isos: Object.entries(isos).map(([name, volume]) => ({ name, volume })),
    default: 'Enabled',
    maxConcurrentTasks: 8,
    maxClonesPerTemplate: 4,
    pollSeconds: 60,
    sweepSeconds: 600,
  },
};

export const template: VmTemplate = {
  metadata: { name: 'debian' },
  spec: { sources: [{ cluster: 'lab', vmid: { vmid: 900, node: 'n1' } }], cloneMode: 'Full' },
};

/** What a namespace may have. */
export interface Limits {
  vms: number;
  cpu: number;
  memoryMiB: number;
  storageMiB: number;
  snapshots: number;
}

/** Room for one machine as large as it ever gets, and for nothing beside it. */
export const oneMachine: Limits = { vms: 1, cpu: 4, memoryMiB: 1024, storageMiB: 6 * 1024, snapshots: 1 };

/** The quota that says so. */
export const quotaOf = ({ vms, cpu, memoryMiB, storageMiB, snapshots }: Limits): VmQuota => ({
  metadata: { name: 'default', namespace: 'team-a' },
  spec: { hard: { vms, cpu, memory: `${memoryMiB}Mi`, storage: `${storageMiB}Mi`, snapshots } },
});
