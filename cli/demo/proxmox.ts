import type { ProxmoxCluster } from '#api/kinds.ts';
import { RealClock } from '#simulator/engine/clock.ts';
import type { Answer, Request } from '#simulator/http/message.ts';
import { type Served, serve } from '#simulator/http/server.ts';
import type { ConsoleServer } from '#simulator/screen/cluster.ts';
import { openScreens } from '#simulator/screens.ts';
import { createSimulator, type Simulator } from '#simulator/simulator.ts';
import type { Seed } from '#simulator/state/seed.ts';
import { CallLog } from './call-log.ts';

/** The token of the simulated cluster, as docs/operations/proxmox-permissions.md has one made. */
export const token = { tokenId: 'berth@pve!operator', tokenSecret: '5f2b8c1e-7d43-4c7a-9a55-0b1d6e9f3a21' };

/** The token that consoles are opened with. */
export const consoleToken = {
  tokenId: 'berth-console@pve!console',
  tokenSecret: '8d1f4b7a-0c65-4e2b-9d33-c6a1f0e27b58',
};

/** The privileges of that page's role, with those for ISO images, snapshots, guest agents and pools, and no other. */
export const privileges = [
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
  'Datastore.Audit',
  'Pool.Allocate',
  'Pool.Audit',
  'SDN.Use',
  'Sys.Audit',
];

const cloudImage = {
  ostype: 'l26',
  cores: 1,
  memory: '512',
  scsihw: 'virtio-scsi-single',
  net0: 'virtio,bridge=vmbr0',
  agent: 'enabled=1',
  ide2: 'ceph:cloudinit',
};

/** Guests that are up in a moment: a demo is no place to wait. */
const guest = { bootMs: 1_500, shutdownMs: 500 };

const seed: Seed = {
  cluster: { name: 'lab' },
  nodes: ['pve1', 'pve2', 'pve3'].map(name => ({ name, cpus: 16, memoryGiB: 64, bridges: ['vmbr0', 'vmbr1'] })),
  storages: [
    {
      id: 'local',
      type: 'dir',
      content: ['iso', 'vztmpl', 'backup', 'images'],
      sizeGiB: 200,
      volumes: [
        { name: 'iso/debian-12.11.0-amd64-netinst.iso', sizeMiB: 670 },
        { name: 'iso/windows-server-2025.iso', sizeMiB: 5_400 },
        { name: 'iso/virtio-win.iso', sizeMiB: 710 },
      ],
    },
    { id: 'ceph', type: 'rbd', content: ['images'], sizeGiB: 4000 },
  ],
  vms: [
    { vmid: 9000, node: 'pve1', template: true, config: { ...cloudImage, name: 'debian-12', scsi0: 'ceph:2' }, guest },
    {
      vmid: 9001,
      node: 'pve2',
      template: true,
      config: { ...cloudImage, name: 'ubuntu-24.04', scsi0: 'ceph:4' },
      guest,
    },
    {
      vmid: 100,
      node: 'pve1',
      running: true,
      config: { name: 'not-berths', cores: 2, memory: '4096', scsi0: 'ceph:32' },
    },
  ],
  users: [
    { id: 'root@pam', password: 'demo' },
    { id: 'berth@pve', tokens: [{ id: 'operator', secret: token.tokenSecret }] },
    { id: 'berth-console@pve', tokens: [{ id: 'console', secret: consoleToken.tokenSecret }] },
  ],
  roles: { BerthOperator: privileges, BerthConsole: ['VM.Console'] },
  acl: [
    { path: '/', user: 'berth@pve', role: 'BerthOperator' },
    { path: '/vms', user: 'berth-console@pve', role: 'BerthConsole' },
  ],
};

/** What the pools of the demo's namespaces begin with. */
export const poolPrefix = 'berth-';

/** VMIDs that the demo's operator may use; what is in Proxmox beside them was there before. */
export const vmidRange = { start: 1000, end: 1999 };

/** A simulated Proxmox VE that listens on this machine. */
export interface DemoProxmox {
  simulator: Simulator;
  served: Served;
  /** Every call that was made. */
  calls: CallLog;
  close: () => Promise<void>;
  /** Shows a console that was granted; a test may replace it. */
  console: ConsoleServer;
  /** Stands between the network and Proxmox; a test may replace it to see calls, or to let something go wrong. */
  intercept: (request: Request, answer: () => Promise<Answer>) => Promise<Answer>;
}

/**
 * Starts a Proxmox VE of three nodes with two templates, tokens as documented, and a machine of somebody else. With
 * `qemu`, machines have screens of real ones where QEMU is installed.
 */
export async function startProxmox({ qemu = false }: { qemu?: boolean } = {}): Promise<DemoProxmox> {
  const simulator = createSimulator(seed, { clock: new RealClock() });
  const calls = new CallLog();
  const handle: Simulator['handle'] = request => {
    calls.note(request);
    return proxmox.intercept(request, () => simulator.handle(request));
  };
  const screens = openScreens(simulator, { qemu, report: problem => console.error(problem) });
  const served = await serve({ ...simulator, handle }, { console: (...wanted) => proxmox.console(...wanted) });
  const close = async () => {
    await served.close();
    await screens.close();
  };
  const { console: show } = screens;
  const proxmox: DemoProxmox = {
    simulator,
    served,
    calls,
    close,
    console: show,
    intercept: (_request, answer) => answer(),
  };
  return proxmox;
}

/** The ProxmoxCluster that describes it; with a prefix each namespace's machines are in a pool of their own. */
export const clusterFor = ({ url, ca }: Served, poolPrefix?: string): ProxmoxCluster => ({
  apiVersion: 'berth.dev/v1alpha1',
  kind: 'ProxmoxCluster',
  metadata: { name: 'lab' },
  spec: {
    endpoints: [url],
    credentialsSecretRef: { name: 'proxmox', namespace: 'berth-system' },
    consoleCredentialsSecretRef: { name: 'proxmox-console', namespace: 'berth-system' },
    tls: { caBundle: ca },
    ...(poolPrefix !== undefined && { poolPrefix }),
    vmidRange,
    nodes: ['pve1', 'pve2', 'pve3'].map(name => ({ name })),
    storages: [{ name: 'ceph', default: 'Enabled' }],
    bridges: [{ name: 'vmbr0', vlans: [{ from: 20, to: 29 }] }, { name: 'vmbr1' }],
    isos: [{ name: 'debian-12', volume: 'local:iso/debian-12.11.0-amd64-netinst.iso' }],
    tags: [
      { name: 'web', color: '#2f9e44' },
      { name: 'db', color: '#1971c2' },
    ],
    default: 'Enabled',
    maxConcurrentTasks: 8,
    maxClonesPerTemplate: 4,
    pollSeconds: 5,
    sweepSeconds: 600,
  },
});
