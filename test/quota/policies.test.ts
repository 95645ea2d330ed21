import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ProxmoxCluster, proxmoxClusters, virtualMachines, vmTemplates } from '#api/kinds.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import type { VmQuotaSpec } from '#api/vm-quota.ts';
import type { VmTemplateSpec } from '#api/vm-template.ts';
import { cluster, template } from '#operator/core/testing/fixtures.ts';
import { eventually } from '../eventually.ts';
import type { Answer, Person } from './as.ts';
import { machine, machinesPath, quotaIn, type Stage, tenant, tenantStage } from './stage.ts';

let stage: Stage;
let alice: Person;
let carol: Person;
let root: Person;

beforeAll(async () => {
  stage = await tenantStage();
  alice = stage.as({ user: 'alice' });
  carol = stage.as({ user: 'carol' });
  root = stage.as({ user: 'root', group: 'system:masters' });
});

afterAll(() => stage.dismantle());

const members = { 'berth-user': 'alice', 'berth-namespace-admin': 'carol' };
const create = (who: Person, namespace: string, name: string, spec: Partial<VirtualMachineSpec> = {}, query = '') =>
  who('POST', `${machinesPath(namespace)}${query}`, machine(namespace, name, spec));
const change = (who: Person, namespace: string, name: string, patch: object, query = ''): Promise<Answer> =>
  who('PATCH', `${machinesPath(namespace)}/${name}${query}`, patch, 'application/merge-patch+json');

describe('F115: a namespace', () => {
  test('takes machines only once it is a tenant', async () => {
    const namespace = await tenant(stage, members);
    expect((await create(alice, namespace, 'in')).status).toBe(201);
    await stage.kubectl('label', 'namespace', namespace, 'berth.dev/tenant-');
    await eventually(async () => {
      const { status, message } = await create(root, namespace, 'out');
      expect({ status, message }).toEqual({
        status: 403,
        message: expect.stringContaining('is not enabled for virtual machines'),
      });
    });
    expect((await change(alice, namespace, 'in', { spec: { powerState: 'Stopped' } })).status).toBe(200);
  });
});

describe('an owner', () => {
  test('is oneself, unless one may assign owners', async () => {
    const namespace = await tenant(stage, members);
    expect((await create(alice, namespace, 'own', { owner: 'alice' })).status).toBe(201);
    const forBob = await create(alice, namespace, 'given', { owner: 'bob' });
    expect(forBob.message).toContain('spec.owner: "bob" is not your own name (alice)');
    expect((await create(carol, namespace, 'given', { owner: 'bob' })).status).toBe(201);
    expect((await change(alice, namespace, 'given', { spec: { owner: 'alice' } })).status).toBe(403);
    expect((await change(alice, namespace, 'own', { spec: { owner: null } })).status).toBe(403);
  });
});

describe('what would lead out of the quota', () => {
  test('Retain needs a verb that no tenant has', async () => {
    const namespace = await tenant(stage, members);
    await create(alice, namespace, 'web');
    for (const who of [alice, carol]) {
      expect((await change(who, namespace, 'web', { spec: { deletionPolicy: 'Retain' } })).message).toContain(
        'needs the verb retain',
      );
    }
    expect((await change(root, namespace, 'web', { spec: { deletionPolicy: 'Retain' } })).status).toBe(200);
    expect((await change(alice, namespace, 'web', { spec: { powerState: 'Stopped' } })).status).toBe(200);
  });

  test('a finalizer is taken off by the operator and not by who may edit', async () => {
    const namespace = await tenant(stage, members);
    await create(root, namespace, 'web');
    await change(root, namespace, 'web', { metadata: { finalizers: ['berth.dev/proxmox'] } });
    const stripped = { metadata: { finalizers: null } };
    expect((await change(carol, namespace, 'web', stripped)).message).toContain('virtualmachines/finalizers');
    const operator = stage.as({ user: 'system:serviceaccount:berth-system:berth-operator' });
    expect((await change(operator, namespace, 'web', stripped)).status).toBe(200);
  });
});

describe('F104, F26, F108: what a VmQuota says of each machine', () => {
  const big = { resources: { cpu: 16, memory: '64Gi' } };

  test.each<[what: string, spec: Partial<VmQuotaSpec>, vm: Partial<VirtualMachineSpec>, message: string]>([
    ['CPUs', { perVM: { max: { cpu: 8 } } }, big, 'cpu: 16 is above perVM.max.cpu 8'],
    ['memory', { perVM: { max: { memory: '8Gi' } } }, big, 'memory: 64Gi is above perVM.max.memory 8Gi'],
    ['disk space', { perVM: { max: { storage: '10Gi' } } }, {}, 'storage: 20Gi is above perVM.max.storage 10Gi'],
    [
      'sockets',
      { perVM: { max: { sockets: 1 } } },
      { resources: { cpu: 2, sockets: 2, memory: '2Gi' } },
      'sockets: 2 is above',
    ],
    [
      'disks',
      { perVM: { max: { disks: 1 } } },
      {
        disks: [
          { name: 'root', size: '1Gi' },
          { name: 'data', size: '1Gi' },
        ],
      },
      'disks: 2 is above',
    ],
    [
      'ISO images',
      { allowed: { isos: ['debian-12'] } },
      { source: { iso: { name: 'windows' } } },
      'ISO "windows" is not allowed in this namespace; allowed: debian-12',
    ],
    [
      'networks',
      { perVM: { max: { networks: 0 } } },
      { networks: [{ name: 'lan', bridge: 'vmbr0' }] },
      'networks: 1 is above',
    ],
    ['a minimum', { perVM: { min: { memory: '4Gi' } } }, {}, 'memory: 2Gi is below perVM.min.memory 4Gi'],
    [
      'templates',
      { allowed: { templates: ['ubuntu'] } },
      {},
      'template "debian" is not allowed in this namespace; allowed: ubuntu',
    ],
    [
      'bridges',
      { allowed: { bridges: ['vmbr1'] } },
      { networks: [{ name: 'lan', bridge: 'vmbr0' }] },
      'bridge "vmbr0" is not allowed',
    ],
    [
      'storages',
      { allowed: { storages: ['slow'] } },
      { disks: [{ name: 'root', size: '1Gi', storage: 'fast' }] },
      'storage "fast" is not allowed',
    ],
    ['tags', { allowed: { tags: ['db'] } }, { tags: ['web'] }, 'tag "web" is not allowed'],
    [
      'the VLAN',
      { isolationVlan: 7 },
      { networks: [{ name: 'lan', bridge: 'vmbr0', vlan: 8 }] },
      'every interface must be in VLAN 7',
    ],
    ['cards of the template', { isolationVlan: 7 }, {}, 'spec.networks must be declared'],
    ['an owner', { perUser: { vms: 3 } }, {}, 'spec.owner is required'],
  ])('limits %s, in the words of the quota', async (_, spec, vm, message) => {
    const namespace = await tenant(stage, members);
    await quotaIn(stage, namespace, { hard: { vms: 10 }, ...spec });
    // The API server takes up a parameter by a watch.
    await eventually(async () =>
      expect((await create(alice, namespace, 'web', vm, '?dryRun=All')).message).toContain(message),
    );
    expect((await create(alice, namespace, 'web', vm)).message).toContain(message);
  });

  test('F56, F103: a limit that came later lets a machine shrink, stop, be labelled and go', async () => {
    const namespace = await tenant(stage, members);
    await create(alice, namespace, 'old', big);
    await change(root, namespace, 'old', { metadata: { finalizers: ['berth.dev/proxmox'] } });
    await quotaIn(stage, namespace, {
      hard: { vms: 0 },
      perVM: { max: { cpu: 2 } },
      allowed: { templates: [] },
      isolationVlan: 7,
    });
    await eventually(async () => expect((await create(alice, namespace, 'new')).status).toBe(403));
    for (const spec of [{ resources: { cpu: 8 } }, { powerState: 'Stopped' }, { description: 'old' }]) {
      expect((await change(alice, namespace, 'old', { spec })).message).toBe('');
    }
    expect((await change(alice, namespace, 'old', { spec: { resources: { cpu: 12 } } })).message).toContain(
      'above perVM.max.cpu 2',
    );
    await alice('DELETE', `${machinesPath(namespace)}/old`);
    expect((await change(root, namespace, 'old', { metadata: { finalizers: null } })).status).toBe(200);
    const gone = stage.kube.get(virtualMachines, { namespace, name: 'old' });
    await expect(gone).rejects.toMatchObject({ status: 404 });
  });
});

describe('F26, F25: what a ProxmoxCluster approves', () => {
  test('is all that may be used, in hand-made YAML, too', async () => {
    const namespace = await tenant(stage, members);
    const { spec } = cluster({
      default: 'Disabled',
      bridges: [{ name: 'vmbr0', vlans: [{ from: 20, to: 29 }] }],
      nodes: [
        { name: 'n1', maxCPU: 8, maxMemory: '16Gi' },
        { name: 'n2', maxCPU: 4, maxMemory: '8Gi' },
      ],
    });
    await stage.kube.create<ProxmoxCluster>(proxmoxClusters, { metadata: { name: 'approving' }, spec });
    const clusterRef = { name: 'approving' };
    const refused: [Partial<VirtualMachineSpec>, string][] = [
      [
        { disks: [{ name: 'root', size: '1Gi', storage: 'secret' }] },
        'storage "secret" is not approved; allowed: shared',
      ],
      [{ networks: [{ name: 'lan', bridge: 'vmbr9' }] }, 'bridge "vmbr9" is not approved; allowed: vmbr0'],
      [{ networks: [{ name: 'lan', bridge: 'vmbr0', vlan: 30 }] }, 'network "lan": its VLAN is not approved'],
      // F105: what no node could ever hold.
      [
        { resources: { cpu: 9, memory: '2Gi' } },
        'cpu: 9 is above maxCPU of every node of the ProxmoxCluster "approving": n1 8, n2 4',
      ],
      [{ resources: { cpu: 8, memory: '17Gi' } }, 'memory: 17Gi is above maxMemory of every node'],
      [{ source: { iso: { name: 'windows' } } }, 'ISO "windows" is not approved; allowed: debian-12'],
      [{ cdrom: { iso: 'windows' } }, 'ISO "windows" is not approved; allowed: debian-12'],
      [{ tags: ['mine'] }, 'tag "mine" is not in the catalogue; allowed: web'],
    ];
    for (const [vm, message] of refused) {
      await eventually(async () =>
        expect((await create(alice, namespace, 'no', { clusterRef, ...vm })).message).toContain(message),
      );
    }
    const networks = [{ name: 'lan', bridge: 'vmbr0', vlan: 20 }];
    expect((await create(alice, namespace, 'yes', { clusterRef, networks, tags: ['web'] })).status).toBe(201);
    const source = { iso: { name: 'debian-12' } };
    expect((await create(alice, namespace, 'installed', { clusterRef, source })).status).toBe(201);
    const load = (iso: string | null) => change(alice, namespace, 'installed', { spec: { cdrom: { iso } } });
    expect((await load('windows')).message).toContain('ISO "windows" is not approved');
    expect((await load('debian-12')).status).toBe(200);
    expect((await load(null)).status).toBe(200);
    await stage.kube.remove(proxmoxClusters, { name: 'approving' });
  });
});

describe('F24, F31: what of a machine goes together', () => {
  const iso = { source: { iso: { name: 'debian-12' } } };

  test.each<[what: string, vm: Partial<VirtualMachineSpec>, message: string]>([
    ['one source', { source: {} }, 'name exactly one of template, iso and adopt'],
    ['firmware and an image', { firmware: { type: 'Uefi' } }, 'firmware and tpm go with source.iso'],
    [
      'secure boot and UEFI',
      { ...iso, firmware: { type: 'Bios', secureBoot: 'Enabled' } },
      'secureBoot goes with type Uefi only',
    ],
    ['cloud-init and a template', { ...iso, cloudInit: { user: 'a' } }, 'an installer does not read them'],
    ['a boot order and what there is', { bootOrder: ['root', 'lan'] }, 'names disks and networks of this machine'],
    ['a boot order and root', { bootOrder: ['cdrom'] }, 'bootOrder names root, and nothing twice'],
    [
      'root before other disks',
      {
        bootOrder: ['data', 'root'],
        disks: [
          { name: 'root', size: '1Gi' },
          { name: 'data', size: '1Gi' },
        ],
      },
      'no disk stands before root in bootOrder',
    ],
  ])('%s', async (_what, vm, message) => {
    const namespace = await tenant(stage, members);
    expect((await create(alice, namespace, 'no', vm, '?dryRun=All')).message).toContain(message);
  });

  test('and stays as it is', async () => {
    const namespace = await tenant(stage, members);
    const vm = { ...iso, firmware: { type: 'Uefi' }, tpm: 'V2' } as const;
    expect((await create(alice, namespace, 'made', vm)).status).toBe(201);
    for (const spec of [{ tpm: 'Disabled' }, { tpm: null }, { firmware: { type: 'Bios' } }, { firmware: null }]) {
      expect((await change(alice, namespace, 'made', { spec })).message).toContain('cannot be changed after creation');
    }
  });
});

test('F24: a name is a DNS label, and says so', async () => {
  const namespace = await tenant(stage, members);
  expect((await create(alice, namespace, 'a.b')).message).toContain('metadata.name must be a DNS label');
  expect((await create(alice, namespace, 'twice')).status).toBe(201);
  expect((await create(alice, namespace, 'twice')).status).toBe(409);
});

describe('F104: what a VmTemplate says of the machines that are made from it', () => {
  const name = 'limited';
  const of = (spec: Partial<VirtualMachineSpec> = {}) => ({ source: { template: { name } }, ...spec });
  const offer = async (spec: Partial<VmTemplateSpec>) => {
    await stage.kube.apply(
      vmTemplates,
      { metadata: { name }, spec: { ...template().spec, ...spec } },
      { fieldManager: 'test', force: true },
    );
  };

  afterAll(() => stage.kube.remove(vmTemplates, { name }));

  test.each<[what: string, limits: Partial<VmTemplateSpec>, vm: Partial<VirtualMachineSpec>, message: string]>([
    ['CPUs', { maximum: { cpu: 1 } }, {}, 'VmTemplate "limited": cpu: 2 is above maximum.cpu 1'],
    ['memory', { maximum: { memory: '1Gi' } }, {}, 'memory: 2Gi is above maximum.memory 1Gi'],
    ['disk space', { maximum: { storage: '10Gi' } }, {}, 'storage: 20Gi is above maximum.storage 10Gi'],
    ['fewer CPUs', { minimum: { cpu: 4 } }, {}, 'cpu: 2 is below minimum.cpu 4'],
    ['less memory', { minimum: { memory: '4Gi' } }, {}, 'memory: 2Gi is below minimum.memory 4Gi'],
    ['a smaller root disk', { minimum: { rootDisk: '30Gi' } }, {}, 'rootDisk: 20Gi is below minimum.rootDisk 30Gi'],
    ['namespaces', { allowedNamespaces: ['elsewhere'] }, {}, 'it is not offered in the namespace'],
    ['no owner', { maxVMsPerUser: 1 }, {}, 'spec.owner is required'],
  ])('limits %s', async (_, limits, vm, message) => {
    const namespace = await tenant(stage, { 'berth-user': 'alice' });
    await offer(limits);
    // The API server takes templates up by a watch.
    await eventually(async () => {
      expect((await create(alice, namespace, 'web', of(vm), '?dryRun=All')).message).toContain(message);
    });
  });

  test('which it came to say later holds up no stop and no shrink', async () => {
    const namespace = await tenant(stage, { 'berth-user': 'alice' });
    await offer({});
    await eventually(async () => expect((await create(alice, namespace, 'web', of())).status).toBe(201));
    await offer({ maximum: { cpu: 1, storage: '1Gi' }, allowedNamespaces: ['elsewhere'] });
    await eventually(async () => {
      // A dry run: what was let through once would be no growth the next time.
      const { message } = await change(alice, namespace, 'web', { spec: { resources: { cpu: 3 } } }, '?dryRun=All');
      expect(message).toContain('cpu: 3 is above maximum.cpu 1');
    });
    expect((await change(alice, namespace, 'web', { spec: { powerState: 'Stopped' } })).status).toBe(200);
  });
});
