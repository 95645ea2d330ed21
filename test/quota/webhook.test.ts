import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type VmPolicy, type VmQuota, virtualMachines, vmPolicies, vmQuotas } from '#api/kinds.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import { silentLogger } from '#kube/telemetry.ts';
import { startAdmission } from '#operator/admission/admission.ts';
import { makeCertificate } from '#operator/admission/certificate.ts';
import { lifeMs, readOrRenew, secretName } from '#operator/admission/credentials.ts';
import { QuotaGate } from '#operator/effects/quota-gate.ts';
import { eventually } from '../eventually.ts';
import type { Answer, Person } from './as.ts';
import { machine, machinesPath, quotaIn, type Stage, snapshot, tenant, tenantStage } from './stage.ts';

let stage: Stage;
let root: Person;
let webhook: AbortController;

beforeAll(async () => {
  stage = await tenantStage();
  root = stage.as({ user: 'root', group: 'system:masters' });
  await stage.kubectl('apply', '-f', 'charts/berth/admission/');
});

beforeEach(async () => {
  webhook = new AbortController();
  const { kube } = stage;
  const place = { namespace: 'berth-system', host: '127.0.0.1', port: 0, loopback: true };
  await startAdmission({ kube, gate: new QuotaGate(kube), ...place, log: silentLogger }, webhook.signal);
  const namespace = await tenant(stage);
  await quotaIn(stage, namespace, { hard: { cpu: 1 } });
  await eventually(async () =>
    expect((await create(namespace, 'probe')).message).toContain('exceeded VmQuota "default"'),
  );
});

afterEach(() => webhook.abort());
afterAll(async () => {
  await stage.kubectl('delete', '-f', 'charts/berth/admission/');
  await stage.dismantle();
});

const create = (namespace: string, name: string, spec: Partial<VirtualMachineSpec> = {}, query = '') =>
  root('POST', `${machinesPath(namespace)}${query}`, machine(namespace, name, spec));
const change = (namespace: string, name: string, spec: object): Promise<Answer> =>
  root('PATCH', `${machinesPath(namespace)}/${name}`, { spec }, 'application/merge-patch+json');
const ledger = async (namespace: string) =>
  (await stage.kube.get<VmQuota>(vmQuotas, { namespace, name: 'default' })).status;

describe('F100: what does not fit', () => {
  test('is refused at once, the same words in kubectl as over the API', async () => {
    const namespace = await tenant(stage);
    await quotaIn(stage, namespace, { hard: { cpu: 3, memory: '3Gi' } });
    expect((await create(namespace, 'a')).status).toBe(201);
    const words =
      'exceeded VmQuota "default": cpu: requested 2, used 2, hard 3; 1 would fit. ' +
      'memory: requested 2Gi, used 2Gi, hard 3Gi; 1Gi would fit.';
    expect((await create(namespace, 'b')).message).toContain(words);
    const file = join(tmpdir(), `${namespace}.json`);
    await writeFile(file, JSON.stringify(machine(namespace, 'b')));
    await expect(stage.kubectl('apply', '-f', file)).rejects.toThrow(words);
  });

  test('F62: is refused when it is a snapshot, of the namespace or of one machine', async () => {
    const namespace = await tenant(stage);
    await quotaIn(stage, namespace, { hard: { snapshots: 2 } });
    const path = `/apis/berth.dev/v1alpha1/namespaces/${namespace}/vmsnapshots`;
    const take = (name: string, vmName: string, query = '') =>
      root('POST', `${path}${query}`, snapshot(namespace, name, vmName));
    const policy = {
      metadata: { name: 'default' },
      spec: { unquotaedNamespaces: 'Allow', snapshots: { maxPerVM: 1 } },
    };
    await stage.kube.create<VmPolicy>(vmPolicies, policy as VmPolicy);
    try {
      expect((await take('asked', 'a', '?dryRun=All')).status).toBe(201);
      expect((await take('first', 'a')).status).toBe(201);
      expect((await take('second', 'a')).message).toContain(
        'exceeded VmPolicy "default": snapshots.maxPerVM of "a": requested 1, used 1, hard 1; 0 would fit.',
      );
      expect((await take('third', 'b')).status).toBe(201);
      expect((await take('fourth', 'c')).message).toContain(
        'exceeded VmQuota "default": snapshots: requested 1, used 2, hard 2; 0 would fit.',
      );
      const { snapshots = [], used, summary } = (await ledger(namespace)) ?? {};
      expect(snapshots.map(line => line.split(' ')[0])).toEqual(['snapshot/first', 'snapshot/third']);
      expect({ used: used?.snapshots, summary: summary?.snapshots }).toEqual({ used: 2, summary: '2/2' });
    } finally {
      await stage.kube.remove(vmPolicies, { name: 'default' });
    }
  });

  test('F102: is refused when it is a resize or a start', async () => {
    const namespace = await tenant(stage);
    await quotaIn(stage, namespace, { hard: { cpu: 4, runningVMs: 1 } });
    await create(namespace, 'a');
    await create(namespace, 'b', { powerState: 'Stopped' });
    expect((await change(namespace, 'a', { resources: { cpu: 3 } })).message).toContain(
      'cpu: requested 1, used 4, hard 4',
    );
    expect((await change(namespace, 'b', { powerState: 'Running' })).message).toContain(
      'runningVMs: requested 1, used 1',
    );
    expect((await change(namespace, 'a', { description: 'no room needed' })).status).toBe(200);
  });
});

test('a dry run is answered and reserves nothing', async () => {
  const namespace = await tenant(stage);
  await quotaIn(stage, namespace, { hard: { vms: 1 } });
  expect((await create(namespace, 'a', {}, '?dryRun=All')).status).toBe(201);
  expect((await ledger(namespace))?.allocations).toEqual([]);
  expect((await create(namespace, 'a')).status).toBe(201);
  expect((await create(namespace, 'b', {}, '?dryRun=All')).message).toContain('vms: requested 1, used 1, hard 1');
  expect(await ledger(namespace)).toMatchObject({ used: { vms: 1 }, summary: { vms: '1/1', cpu: '2/∞' } });
});

test('F103: who lowers a quota below what is used is warned, and may', async () => {
  const namespace = await tenant(stage);
  await quotaIn(stage, namespace, { hard: { vms: 2 } });
  await create(namespace, 'a');
  await create(namespace, 'b');
  const path = `/apis/berth.dev/v1alpha1/namespaces/${namespace}/vmquotas/default`;
  const lowered = await root('PATCH', path, { spec: { hard: { vms: 1 } } }, 'application/merge-patch+json');
  expect(lowered.status).toBe(200);
  expect(lowered.warnings.join()).toContain('vms: used 2, hard 1');
  expect((await change(namespace, 'a', { powerState: 'Stopped' })).status).toBe(200);
});

test('a quota that is not counted yet lets machines in to wait, and says so', async () => {
  const namespace = await tenant(stage);
  await quotaIn(stage, namespace, { hard: { vms: 5 } }, false);
  const { status, warnings } = await create(namespace, 'a');
  expect({ status, warnings: warnings.join() }).toEqual({
    status: 201,
    warnings: expect.stringContaining('being set up'),
  });
});

test('nothing that is deleted is held up, whatever the quota says', async () => {
  const namespace = await tenant(stage);
  await quotaIn(stage, namespace, { hard: { vms: 1 } });
  await create(namespace, 'a');
  await stage.kube.patch(
    virtualMachines,
    { namespace, name: 'a' },
    { metadata: { finalizers: ['berth.dev/proxmox'] } },
  );
  await stage.kube.remove(virtualMachines, { namespace, name: 'a' });
  await stage.kube.remove(vmQuotas, { namespace, name: 'default' });
  await stage.kube.patch(virtualMachines, { namespace, name: 'a' }, { metadata: { finalizers: null } });
  await expect(stage.kube.get(virtualMachines, { namespace, name: 'a' })).rejects.toMatchObject({ status: 404 });
});

test('while no webhook answers, nobody is blocked', async () => {
  const namespace = await tenant(stage);
  await quotaIn(stage, namespace, { hard: { cpu: 1 } });
  webhook.abort();
  expect((await create(namespace, 'a')).status).toBe(201);
});

test('F100: people have limits over all namespaces, and a namespace without a quota may be closed', async () => {
  const policy = await stage.kube.create<VmPolicy>(vmPolicies, {
    metadata: { name: 'default' },
    spec: { perUser: { vms: 2 }, unquotaedNamespaces: 'Deny' },
  });
  await stage.kube.replaceStatus(vmPolicies, { ...policy, status: { allocations: [] } });
  try {
    const [first, second] = [await tenant(stage), await tenant(stage)];
    await quotaIn(stage, first, { hard: { vms: 9 } });
    expect((await create(second, 'a', { owner: 'dan' })).message).toContain('has no VmQuota');
    await quotaIn(stage, second, { hard: { vms: 9 } });
    expect((await create(first, 'a', { owner: 'dan' })).status).toBe(201);
    expect((await create(second, 'a', { owner: 'dan' })).status).toBe(201);
    expect((await create(second, 'b', { owner: 'dan' })).message).toContain(
      'exceeded VmPolicy "default": perUser.vms of "dan": requested 1, used 2, hard 2; 0 would fit.',
    );
    expect((await create(second, 'b', { owner: 'eve' })).status).toBe(201);
  } finally {
    await stage.kube.remove(vmPolicies, { name: 'default' });
  }
});

describe('the certificate', () => {
  const hosts = ['berth-webhook.berth-system.svc'] as const;

  test('is renewed in the last third of its life, and the API server is told before it is used', async () => {
    const namespace = await tenant(stage);
    const told: string[] = [];
    const announce = async (bundle: string) => void told.push(bundle);
    const now = new Date();
    const first = await readOrRenew(stage.kube, namespace, [...hosts], announce, now);
    const again = await readOrRenew(stage.kube, namespace, [...hosts], announce, now);
    expect(again.certificate).toBe(first.certificate);
    const later = new Date(now.getTime() + (lifeMs * 3) / 4);
    const next = await readOrRenew(stage.kube, namespace, [...hosts], announce, later);
    expect(next.certificate).not.toBe(first.certificate);
    expect(told.at(-1)).toBe(next.certificate + first.certificate);
    await stage.kubectl('-n', namespace, 'get', 'secret', secretName);
  });

  test('of two replicas that start together is one', async () => {
    const namespace = await tenant(stage);
    const both = [1, 2].map(() => readOrRenew(stage.kube, namespace, [...hosts], async () => {}, new Date()));
    const [one, other] = await Promise.all(both);
    expect(one?.certificate).toBe(other?.certificate);
  });

  test('is its own authority and names its hosts', () => {
    const { certificate } = makeCertificate(['a.svc', '127.0.0.1'], lifeMs, new Date());
    const read = new X509Certificate(certificate);
    expect([read.ca, read.verify(read.publicKey), read.subjectAltName]).toEqual([
      true,
      true,
      'DNS:a.svc, IP Address:127.0.0.1',
    ]);
  });
});
