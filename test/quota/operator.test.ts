import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type ProxmoxCluster,
  proxmoxClusters,
  type VirtualMachine,
  type VmPolicy,
  type VmTemplate,
  virtualMachines,
  vmPolicies,
  vmQuotas,
  vmTemplates,
} from '#api/kinds.ts';
import { findAllocation } from '#api/ledger.ts';
import type { BerthProcess } from '#cli/demo/berth-process.ts';
import { resourceQuotas } from '#kube/builtin.ts';
import { mirrorCount, mirrorName, type ResourceQuota } from '#operator/effects/resource-quota.ts';
import { freshNamespace } from '../control-plane/shared.ts';
import { eventually } from '../eventually.ts';
import { type Lab, quotaLab, quotaNamespace, removeNamespace } from './lab.ts';
import { conditionOf, createMachine, machinesIn, readMachine, readQuota } from './machines.ts';

let lab: Lab;
let operator: BerthProcess;

beforeAll(async () => {
  lab = await quotaLab();
  operator = await lab.startOperator();
});

afterAll(() => lab.close());

const edit = (namespace: string, name: string, spec: object) =>
  lab.kube.patch(virtualMachines, { namespace, name }, { spec });
const becomes = (namespace: string, name: string, type: string, expected: string) =>
  eventually(async () => expect(conditionOf(await readMachine(lab, namespace, name), type)).toBe(expected));
const used = async (namespace: string) => (await readQuota(lab, namespace)).status?.used;

describe('F101: with no webhook at all', () => {
  test('machines beyond the quota wait in line, in words, and never reach Proxmox', async () => {
    const namespace = await quotaNamespace(lab, { hard: { vms: 2 } });
    lab.watchMost();
    for (const name of ['a', 'b', 'c', 'd']) await createMachine(lab, namespace, name);
    await eventually(async () => {
      const machines = await machinesIn(lab, namespace);
      expect(machines.map(vm => conditionOf(vm, 'Ready')).sort()).toEqual([
        'False QuotaExceeded',
        'False QuotaExceeded',
        'True',
        'True',
      ]);
    });
    const waiting = (await machinesIn(lab, namespace)).filter(vm => conditionOf(vm, 'Ready') !== 'True');
    const stalled = waiting[0]?.status?.conditions?.find(({ type }) => type === 'Stalled');
    expect(stalled?.message).toBe('exceeded VmQuota "default": vms: requested 1, used 2, hard 2; 0 would fit.');
    await eventually(async () => {
      const { status } = await readQuota(lab, namespace);
      expect(status?.summary?.vms).toBe('2/2');
      expect(status?.pending?.map(({ position, reason }) => [position, reason])).toEqual([
        [1, 'QuotaExceeded'],
        [2, 'QuotaExceeded'],
      ]);
    });
    expect(lab.inProxmox()).toHaveLength(2);

    const [first] = (await readQuota(lab, namespace)).status?.pending ?? [];
    const done = (await machinesIn(lab, namespace)).find(vm => conditionOf(vm, 'Ready') === 'True');
    await lab.kube.remove(virtualMachines, { namespace, name: done?.metadata.name ?? '' });
    await becomes(namespace, first?.name ?? '', 'Ready', 'True');
    expect(lab.most()).toBe(2);
    await removeNamespace(lab, namespace);
  });

  test('a raised quota lets them go on', async () => {
    const namespace = await quotaNamespace(lab, { hard: { vms: 0 } });
    await createMachine(lab, namespace, 'a');
    await becomes(namespace, 'a', 'Stalled', 'True');
    await lab.kube.patch(vmQuotas, { namespace, name: 'default' }, { spec: { hard: { vms: 1 } } });
    await becomes(namespace, 'a', 'Ready', 'True');
    await removeNamespace(lab, namespace);
  });
});

describe('F56, F102: what a machine has', () => {
  test('is charged until Proxmox has given it back, and then is not', async () => {
    const namespace = await quotaNamespace(lab, { hard: { cpu: 4, runningVMs: 1 } });
    const big = { resources: { cpu: 4, memory: '1Gi' }, powerState: 'Running' } as const;
    // A guest that still boots does not hear that it is to shut down.
    await createMachine(lab, namespace, 'a', { ...big, shutdown: { mode: 'Hard' } });
    await becomes(namespace, 'a', 'Ready', 'True');
    await createMachine(lab, namespace, 'b');
    await becomes(namespace, 'b', 'QuotaReserved', 'False QuotaExceeded');
    await edit(namespace, 'a', { powerState: 'Stopped', resources: { cpu: 1 } });
    await becomes(namespace, 'b', 'Ready', 'True');
    await eventually(async () => expect(await used(namespace)).toMatchObject({ vms: 2, cpu: 2, runningVMs: 0 }));
    await edit(namespace, 'b', { powerState: 'Running' });
    await becomes(namespace, 'b', 'Ready', 'True');
    await edit(namespace, 'a', { powerState: 'Running' });
    await becomes(namespace, 'a', 'QuotaReserved', 'False QuotaExceeded');
    await edit(namespace, 'a', { powerState: 'Stopped' });
    await becomes(namespace, 'a', 'Ready', 'True');
    await removeNamespace(lab, namespace);
  });

  test('F103: above a lowered quota stays, and is told of', async () => {
    const namespace = await quotaNamespace(lab, { hard: { cpu: 2 } });
    await createMachine(lab, namespace, 'a', { resources: { cpu: 2, memory: '512Mi' } });
    await becomes(namespace, 'a', 'Ready', 'True');
    await lab.kube.patch(vmQuotas, { namespace, name: 'default' }, { spec: { hard: { cpu: 1 } } });
    await eventually(async () => {
      const over = (await readQuota(lab, namespace)).status?.conditions?.find(({ type }) => type === 'OverQuota');
      expect([over?.status, over?.message]).toEqual([
        'True',
        'cpu: used 2, hard 1. Nothing is stopped; nothing may grow.',
      ]);
    });
    await edit(namespace, 'a', { resources: { cpu: 3 } });
    await becomes(namespace, 'a', 'QuotaReserved', 'False QuotaExceeded');
    await edit(namespace, 'a', { resources: { cpu: 1 } });
    await becomes(namespace, 'a', 'Ready', 'True');
    await eventually(async () => expect(await used(namespace)).toMatchObject({ cpu: 1 }));
    await removeNamespace(lab, namespace);
  });
});

test('a new quota counts the machines that are there, whether they fit or not', async () => {
  const namespace = await freshNamespace(lab.controlPlane, 'quota');
  for (const name of ['a', 'b']) await createMachine(lab, namespace, name);
  for (const name of ['a', 'b']) await becomes(namespace, name, 'Ready', 'True');
  await lab.kube.create(vmQuotas, { metadata: { namespace, name: 'default' }, ...{ spec: { hard: { vms: 1 } } } });
  await eventually(async () => expect(await used(namespace)).toMatchObject({ vms: 2 }));
  await createMachine(lab, namespace, 'c');
  await becomes(namespace, 'c', 'QuotaReserved', 'False QuotaExceeded');
  await removeNamespace(lab, namespace);
});

test('a namespace without a quota is closed where the VmPolicy says so', async () => {
  const namespace = await freshNamespace(lab.controlPlane, 'quota');
  await lab.kube.create<VmPolicy>(vmPolicies, { metadata: { name: 'default' }, spec: { unquotaedNamespaces: 'Deny' } });
  try {
    await createMachine(lab, namespace, 'a');
    await becomes(namespace, 'a', 'QuotaReserved', 'False NoQuota');
    await lab.kube.patch(vmPolicies, { name: 'default' }, { spec: { unquotaedNamespaces: 'Allow' } });
    await becomes(namespace, 'a', 'Ready', 'True');
  } finally {
    await lab.kube.remove(vmPolicies, { name: 'default' });
  }
  await removeNamespace(lab, namespace);
});

test('F100: a person has limits over all namespaces', async () => {
  await lab.kube.create<VmPolicy>(vmPolicies, {
    metadata: { name: 'default' },
    spec: { perUser: { vms: 1 }, unquotaedNamespaces: 'Allow' },
  });
  const [first, second] = [
    await quotaNamespace(lab, { hard: { vms: 5 } }),
    await quotaNamespace(lab, { hard: { vms: 5 } }),
  ];
  try {
    await createMachine(lab, first, 'a', { owner: 'dan' });
    await becomes(first, 'a', 'Ready', 'True');
    await createMachine(lab, second, 'b', { owner: 'dan' });
    await becomes(second, 'b', 'QuotaReserved', 'False UserQuotaExceeded');
    await lab.kube.remove(virtualMachines, { namespace: first, name: 'a' });
    await becomes(second, 'b', 'Ready', 'True');
  } finally {
    await lab.kube.remove(vmPolicies, { name: 'default' });
  }
  await Promise.all([removeNamespace(lab, first), removeNamespace(lab, second)]);
});

test('F104: a template has limits over all namespaces, which hold from the moment that they are set', async () => {
  const [first, second] = [
    await quotaNamespace(lab, { hard: { vms: 5 } }),
    await quotaNamespace(lab, { hard: { vms: 5 } }),
  ];
  const limit = (spec: object) => lab.kube.patch<VmTemplate>(vmTemplates, { name: 'debian-12' }, { spec });
  await createMachine(lab, first, 'a');
  await becomes(first, 'a', 'Ready', 'True');
  await limit({ maxVMs: 1 });
  try {
    await eventually(async () => {
      const { status } = await lab.kube.get<VmTemplate>(vmTemplates, { name: 'debian-12' });
      expect(findAllocation(status?.allocations, `${first}/a`)).toMatchObject({ state: 'Bound' });
    });
    await createMachine(lab, second, 'b');
    await becomes(second, 'b', 'QuotaReserved', 'False TemplateLimitReached');
    const refused = await readMachine(lab, second, 'b');
    expect(refused.status?.conditions?.find(({ type }) => type === 'QuotaReserved')?.message).toBe(
      'exceeded VmTemplate "debian-12": maxVMs: requested 1, used 1, hard 1; 0 would fit.',
    );
    await lab.kube.remove(virtualMachines, { namespace: first, name: 'a' });
    await becomes(second, 'b', 'Ready', 'True');
    await limit({ maxVMs: null, allowedNamespaces: [first] });
    await createMachine(lab, second, 'c');
    await becomes(second, 'c', 'QuotaReserved', 'False NotAllowed');
    await eventually(async () => {
      const { status } = await lab.kube.get<VmTemplate>(vmTemplates, { name: 'debian-12' });
      expect(status).not.toHaveProperty('allocations');
    });
  } finally {
    await limit({ maxVMs: null, allowedNamespaces: null });
  }
  await Promise.all([removeNamespace(lab, first), removeNamespace(lab, second)]);
});

test('the operator itself refuses what a namespace is not allowed, and places machines on its nodes', async () => {
  const allowed = { templates: ['debian-12'], nodes: ['pve3'] };
  const namespace = await quotaNamespace(lab, { hard: { vms: 5 }, allowed });
  await createMachine(lab, namespace, 'bad', { source: { template: { name: 'ubuntu-24.04' } } });
  await becomes(namespace, 'bad', 'QuotaReserved', 'False NotAllowed');
  await createMachine(lab, namespace, 'good', { source: { template: { name: 'debian-12', mode: 'Full' } } });
  await becomes(namespace, 'good', 'Ready', 'True');
  expect((await readMachine(lab, namespace, 'good')).status?.node).toBe('pve3');
  await removeNamespace(lab, namespace);
});

test('F27, F105: a namespace has its share of VMIDs, of a node and of a storage', async () => {
  const namespace = await quotaNamespace(lab, {
    hard: { vms: 5 },
    vmidRange: { start: 1700, end: 1701 },
    perNode: [{ node: 'pve3', vms: 1, cpu: 2 }],
    perStorage: [{ storage: 'ceph', size: '5Gi' }],
    allowed: { nodes: ['pve3'] },
  });
  const on = (size: string) => ({ disks: [{ name: 'root', size, storage: 'ceph' }] });
  await createMachine(lab, namespace, 'a', on('2Gi'));
  await becomes(namespace, 'a', 'Ready', 'True');
  const { status } = await readMachine(lab, namespace, 'a');
  expect([1700, 1701]).toContain(status?.vmid);
  await createMachine(lab, namespace, 'b', on('2Gi'));
  await becomes(namespace, 'b', 'Scheduled', 'False NodeCapReached');
  await createMachine(lab, namespace, 'c', on('4Gi'));
  await becomes(namespace, 'c', 'QuotaReserved', 'False QuotaExceeded');
  await lab.kube.remove(virtualMachines, { namespace, name: 'b' });
  await edit(namespace, 'a', { resources: { cpu: 3 } });
  await becomes(namespace, 'a', 'ConfigSynced', 'False NodeCapReached');
  await edit(namespace, 'a', { resources: { cpu: 2 } });
  await becomes(namespace, 'a', 'Ready', 'True');
  await removeNamespace(lab, namespace);
});

test('F129: an approved bridge that Proxmox has not got is flagged, and nothing else comes of it', async () => {
  const read = () => lab.kube.get<ProxmoxCluster>(proxmoxClusters, { name: 'lab' });
  const { spec } = await read();
  const bridges = [...(spec.bridges ?? []), { name: 'vmbr9' }];
  const stale = async () => {
    const { status, metadata } = await read();
    expect(status?.observedGeneration).toBe(metadata.generation);
    return status?.conditions?.find(({ type }) => type === 'CatalogStale');
  };
  await lab.kube.patch(proxmoxClusters, { name: 'lab' }, { spec: { bridges } });
  await eventually(async () => {
    expect(await stale()).toMatchObject({
      status: 'True',
      message: expect.stringContaining('no bridge vmbr9 any more'),
    });
  });
  expect((await read()).status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
  await lab.kube.patch(proxmoxClusters, { name: 'lab' }, { spec: { bridges: spec.bridges } });
  await eventually(async () => expect(await stale()).toMatchObject({ status: 'False', reason: 'AllPresent' }));
});

test('F12: a namespace with 50 machines goes; while Proxmox is down it waits, and says so', async () => {
  const namespace = await quotaNamespace(lab, { hard: { vms: 50 } });
  await Promise.all(Array.from({ length: 50 }, (_, n) => createMachine(lab, namespace, `m-${n}`)));
  await eventually(async () => {
    const ready = (await machinesIn(lab, namespace)).filter(vm => conditionOf(vm, 'Ready') === 'True');
    expect(ready).toHaveLength(50);
  });
  const { intercept } = lab.proxmox;
  const refused = { status: 0, reason: '', headers: {}, body: '', close: true, broken: 'refused' } as const;
  lab.proxmox.intercept = async () => refused;
  await lab.kubectl('delete', 'namespace', namespace, '--wait=false');
  await eventually(async () => {
    const machines = await machinesIn(lab, namespace);
    expect(machines).toHaveLength(50);
    expect(
      machines.filter(vm => vm.status?.conditions?.some(({ reason }) => reason === 'ProxmoxUnavailable')),
    ).not.toEqual([]);
  });
  lab.proxmox.intercept = intercept;
  await removeNamespace(lab, namespace);
  expect(lab.inProxmox()).toEqual([]);
});

test('the number of machines is mirrored to a native ResourceQuota, which counts while all of Berth is down', async () => {
  await operator.stop();
  operator = await lab.startOperator('--mirror-quotas');
  const namespace = await quotaNamespace(lab, { hard: { vms: 2 } });
  const key = { namespace, name: mirrorName };
  await eventually(async () => {
    const mirror = await lab.kube.get<ResourceQuota & { status?: object }>(resourceQuotas, key);
    // Right after it was made it counts nothing, and refuses every create.
    expect(mirror.status).toEqual({ hard: { [mirrorCount]: '3' }, used: { [mirrorCount]: '0' } });
  });
  await operator.stop();
  const created = await Promise.allSettled(
    Array.from({ length: 10 }, (_, n) => createMachine(lab, namespace, `m-${n}`)),
  );
  // One more than there is room for: from there more can be asked for.
  expect(created.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  operator = await lab.startOperator('--mirror-quotas');
  await lab.kube.remove(vmQuotas, { namespace, name: 'default' });
  await eventually(() => expect(lab.kube.get(resourceQuotas, key)).rejects.toMatchObject({ status: 404 }));
  await removeNamespace(lab, namespace);
});

test('F106: more can be asked for beside the native ResourceQuota, which follows what is granted', async () => {
  const namespace = await quotaNamespace(lab, { hard: { vms: 1 } });
  const allows = (count: string) =>
    eventually(async () => {
      const key = { namespace, name: mirrorName };
      const { status } = await lab.kube.get<ResourceQuota & { status?: object }>(resourceQuotas, key);
      expect(status).toMatchObject({ hard: { [mirrorCount]: count }, used: { [mirrorCount]: expect.any(String) } });
    });
  // What the API server counts by, it takes up by a watch.
  const admitted = (create: () => Promise<VirtualMachine>) => eventually(create);
  const ask = async (name: string) => {
    const { spec } = await readMachine(lab, namespace, 'has-room');
    const annotations = { 'berth.dev/quota-request': 'load test' };
    await admitted(() =>
      lab.kube.create<VirtualMachine>(virtualMachines, { metadata: { namespace, name, annotations }, spec }),
    );
    await becomes(namespace, name, 'QuotaReserved', 'False QuotaExceeded');
  };
  const grant = (vms: number) => lab.kube.patch(vmQuotas, { namespace, name: 'default' }, { spec: { hard: { vms } } });
  await allows('2');
  await admitted(() => createMachine(lab, namespace, 'has-room'));
  await ask('first');
  await allows('3');
  await ask('second');
  await allows('4');
  await grant(3);
  await becomes(namespace, 'first', 'QuotaReserved', 'True');
  await becomes(namespace, 'second', 'QuotaReserved', 'True');
  await allows('4');
  await admitted(() => createMachine(lab, namespace, 'one-more'));
  await eventually(() =>
    expect(createMachine(lab, namespace, 'too-many')).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining(mirrorName),
    }),
  );
  await removeNamespace(lab, namespace);
});
