import type { ProxmoxCluster, VirtualMachine, VmTemplate } from '#api/kinds.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import type { MachineConfig } from '../machine.ts';
import { formatMarker, type Marker } from '../marker.ts';

/** Id of the Kubernetes cluster in tests of decisions. */
export const clusterId = 'c1';

/** A ProxmoxCluster with two nodes that everything in these tests is approved in. */
export const cluster = (spec: Partial<ProxmoxCluster['spec']> = {}): ProxmoxCluster => ({
  metadata: { name: 'lab', generation: 1 },
  spec: {
    endpoints: ['https://pve.test:8006'],
    credentialsSecretRef: { name: 'proxmox', namespace: 'berth-system' },
    tls: { fingerprintSHA256: Array(32).fill('AB').join(':') },
    vmidRange: { start: 1000, end: 1999 },
    nodes: [{ name: 'n1' }, { name: 'n2' }],
    storages: [{ name: 'shared', default: 'Enabled' }],
    bridges: [{ name: 'vmbr0' }],
    tags: [{ name: 'web' }],
    isos: [{ name: 'debian-12', volume: 'local:iso/debian-12.iso' }],
    default: 'Enabled',
    maxConcurrentTasks: 8,
    maxClonesPerTemplate: 4,
    pollSeconds: 5,
    sweepSeconds: 600,
    ...spec,
  },
});

/** A VmTemplate of that cluster. */
export const template = (): VmTemplate => ({
  metadata: { name: 'debian', generation: 1 },
  spec: { sources: [{ cluster: 'lab', vmid: { vmid: 900, node: 'n1' } }], cloneMode: 'Full' },
});

/** A VirtualMachine as a person declares it. */
export const virtualMachine = (spec: Partial<VirtualMachineSpec> = {}): VirtualMachine => ({
  metadata: { name: 'web-1', namespace: 'team-a', uid: 'u-1', generation: 1, resourceVersion: '1' },
  spec: {
    source: { template: { name: 'debian' } },
    resources: { cpu: 2, memory: '2Gi' },
    disks: [{ name: 'root', size: '20Gi' }],
    powerState: 'Running',
    deletionPolicy: 'Delete',
    ...spec,
  },
});

/** The marker of that machine under a VMID. */
export const marker = (vmid = 1000): Marker => ({ clusterId, namespace: 'team-a', name: 'web-1', uid: 'u-1', vmid });

/** A configuration as a fresh clone of the template has it. */
export const clonedConfig = (change: Partial<MachineConfig> = {}): MachineConfig => ({
  digest: 'd0',
  name: 'web-1',
  description: formatMarker(marker()),
  uuid: 'uuid-1',
  cores: 1,
  sockets: 1,
  memoryMiB: 512,
  tags: ['golden'],
  protection: false,
  startAtBoot: false,
  agent: { enabled: true, options: [] },
  foreignKeys: [],
  disks: [{ key: 'scsi0', volume: 'shared:vm-1000-disk-0', storage: 'shared', sizeMiB: 2048, root: true }],
  cdroms: [{ key: 'ide2', volume: 'shared:vm-1000-cloudinit', cloudInit: true }],
  boot: ['scsi0'],
  nics: [{ index: 0, model: 'Virtio', mac: 'BC:24:11:00:00:01', bridge: 'vmbr0', firewall: false, linkDown: false }],
  cloudInit: { sshKeys: [], nameservers: [], addresses: {}, hasPassword: false },
  ...change,
});
