import { afterAll, beforeAll, expect, test } from 'vitest';
import { type VmQuota, vmQuotas } from '#api/kinds.ts';
import { run } from '../control-plane/command.ts';
import { eventually } from '../eventually.ts';
import { machine, machinesPath, type Stage, tenantStage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await tenantStage();
});

afterAll(() => stage.dismantle());

const berth = (...args: string[]) => {
  const { signal } = new AbortController();
  return run({ file: process.execPath, args: ['cli/berth.ts', ...args], env: process.env, signal });
};

const name = `tenant-${process.pid}`;
const create = (...args: string[]) =>
  berth('tenant', 'create', name, '--kubeconfig', stage.controlPlane.kubeconfig, ...args);

test('F115: one command makes a namespace with quota and members, who can begin at once', async () => {
  await create('--quota', 'vms=2,cpu=8,memory=16Gi', '--member', 'alice', '--member', 'group:interns=viewer');
  const alice = stage.as({ user: 'alice' });
  const intern = stage.as({ user: 'ina', group: 'interns' });
  // The API server takes up a binding by a watch.
  await eventually(async () =>
    expect((await alice('POST', machinesPath(name), machine(name, 'first'))).status).toBe(201),
  );
  await eventually(async () => expect((await intern('GET', machinesPath(name))).status).toBe(200));
  expect((await intern('POST', machinesPath(name), machine(name, 'second'))).status).toBe(403);

  await create('--quota', 'vms=3', '--member', 'bob');
  const { spec } = await stage.kube.get<VmQuota>(vmQuotas, { namespace: name, name: 'default' });
  expect(spec).toEqual({ hard: { vms: 3 } });
  await eventually(async () => expect((await alice('GET', machinesPath(name))).status).toBe(403));
});

test('F115: a tenant is deleted with all that is in it, but only by its name', async () => {
  const doomed = `doomed-${process.pid}`;
  const { kubeconfig } = stage.controlPlane;
  await berth('tenant', 'create', doomed, '--kubeconfig', kubeconfig, '--quota', 'vms=2', '--member', 'alice');
  const root = stage.as({ user: 'root', group: 'system:masters' });
  expect((await root('POST', machinesPath(doomed), machine(doomed, 'web'))).status).toBe(201);
  const remove = (...args: string[]) => berth('tenant', 'delete', '--kubeconfig', kubeconfig, ...args);
  await expect(remove(doomed, '--confirm', 'something-else')).rejects.toThrow(/nothing was deleted/);
  expect((await root('GET', machinesPath(doomed))).body.items).toHaveLength(1);
  const said = await remove(doomed, '--confirm', doomed);
  expect(said).toContain(`Tenant ${doomed}: 1 machines with 20 GiB of disks are destroyed.`);
  expect((await root('GET', `/api/v1/namespaces/${doomed}`)).status).toBe(404);
});

test('F115: what is no tenant is not deleted so', async () => {
  const remove = (name: string) =>
    berth('tenant', 'delete', name, '--confirm', name, '--kubeconfig', stage.controlPlane.kubeconfig);
  await expect(remove('kube-system')).rejects.toThrow(/is no tenant of Berth/);
  await expect(remove('there-is-none')).rejects.toThrow(/There is no namespace/);
});

test('what it would apply can be printed for Git', async () => {
  const printed = await berth(
    'tenant',
    'create',
    'team-a',
    '--quota',
    'vms=1',
    '--member',
    'alice=namespace-admin',
    '--print',
  );
  expect(printed).toContain('berth.dev/tenant: team-a');
  expect(printed).toContain('name: berth-namespace-admin');
});

test('a limit that there is not is named', async () => {
  await expect(berth('tenant', 'create', 'team-a', '--quota', 'vm=1')).rejects.toThrow(/Unrecognized key: "vm"/);
  await expect(berth('tenant', 'create', 'team-a', '--quota', 'memory=1GB')).rejects.toThrow(/for example 8Gi/);
  await expect(berth('tenant', 'create', 'a', '--quota', 'vms=1', '--member', 'a=root')).rejects.toThrow(
    /namespace-admin/,
  );
});
