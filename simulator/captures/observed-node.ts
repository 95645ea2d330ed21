import type { Seed } from '../state/seed.ts';

/** The privileges of the role that was given to the operator [observed-8.4.md]. */
const OPERATOR =
  `VM.Allocate VM.Audit VM.Clone VM.Config.CDROM VM.Config.CPU VM.Config.Cloudinit VM.Config.Disk VM.Config.HWType
  VM.Config.Memory VM.Config.Network VM.Config.Options VM.Console VM.Migrate VM.Monitor VM.PowerMgmt VM.Snapshot
  VM.Snapshot.Rollback Datastore.Allocate Datastore.AllocateSpace Datastore.AllocateTemplate Datastore.Audit SDN.Use
  Sys.Audit Pool.Audit Pool.Allocate`.split(/\s+/);

/** The secret of the token that the exchanges call by that name, `<secret:root>`. */
export const secretOf = (name: string): string => `secret-of-${name}`;

const token = (id: string, name: string) => ({ id, secret: secretOf(name) });

const GIB = 2 ** 30;

/** 2026-11-22 01:03:51 UTC in ms, ahead of the first exchange; the rounds of pvestatd follow from it. */
export const STARTED_AT = 1_795_309_431_075;

/** The node booted so many seconds before. */
const UPTIME_SECONDS = 4388;

/** The node on which the exchanges were recorded, before the first of them. */
export const observedNode: Seed = {
  nodes: [
    {
      name: 'pve1',
      ip: '10.77.0.1',
      cpus: 2,
      memoryGiB: 25_276_510_208 / GIB,
      rootGiB: 270_553_174_016 / GIB,
      uptimeSeconds: UPTIME_SECONDS,
      bridges: [{ name: 'vmbr0', address: '10.77.0.1/24' }],
    },
  ],
  storages: [
    {
      id: 'local',
      type: 'dir',
      content: ['images', 'iso', 'import', 'backup', 'vztmpl', 'snippets', 'rootdir'],
      sizeGiB: 270_553_174_016 / GIB,
      usedGiB: 26,
      volumes: [{ name: 'import/debian12-ci.qcow2', sizeMiB: 170_196_992 / 2 ** 20, virtualMiB: 1536 }],
    },
    {
      id: 'local2',
      type: 'dir',
      content: ['images', 'iso', 'snippets'],
      sizeGiB: 270_553_174_016 / GIB,
      usedGiB: 26,
      path: '/var/lib/vz2',
    },
  ],
  pools: [{ id: 'k8s' }],
  users: [
    { id: 'root@pam', password: 'pve-real-test', tokens: [token('ci', 'root')] },
    {
      id: 'operator@pve',
      password: 'operator-pw1',
      tokens: [
        token('ci', 'operator'),
        { ...token('sep', 'operator-privsep'), privsep: true },
        { ...token('expired', 'expired'), expire: 1_700_000_000 },
      ],
    },
    { id: 'viewer@pve', password: 'viewer-pw12', tokens: [token('ci', 'viewer')] },
    { id: 'nobody@pve', tokens: [token('ci', 'nobody')] },
    { id: 'disabled@pve', password: 'disabled-pw1', enable: false },
  ],
  roles: { K8sOperator: OPERATOR },
  acl: [
    { path: '/', user: 'operator@pve', role: 'K8sOperator' },
    { path: '/', user: 'viewer@pve', role: 'PVEAuditor' },
  ],
};
