import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type VirtualMachine, type VmQuota, virtualMachines, vmQuotas } from '#api/kinds.ts';
import { type KubernetesStage, setKubernetesStage } from '#cli/demo/stage.ts';
import { startControlPlane } from '../control-plane/control-plane.ts';
import { eventually } from '../eventually.ts';
import { impersonator, type Person } from './as.ts';
import { machine, machinesPath, tenant } from './stage.ts';

// A control plane of its own, since the audit log is the API server's from its start.

let stage: KubernetesStage;
let dir: string;
let stop: () => Promise<void>;
let alice: Person;
let admin: Person;

const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'Request', verbs: ['create', 'update', 'patch', 'delete'], resources: [{ group: 'berth.dev' }] },
    { level: 'None' },
  ],
};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-request-'));
  const { signal } = new AbortController();
  const policy = join(dir, 'audit-policy.json');
  await writeFile(policy, JSON.stringify(auditPolicy));
  const apiServerArgs = [`--audit-policy-file=${policy}`, `--audit-log-path=${join(dir, 'audit.log')}`];
  const common = { env: process.env, signal, log: console.error };
  const controlPlane = await startControlPlane({ ...common, dir: join(dir, 'kubernetes'), apiServerArgs });
  stop = controlPlane.stop;
  stage = await setKubernetesStage({ ...common, dir, controlPlane, guarded: true });
  await stage.startOperator();
  const as = impersonator(controlPlane);
  alice = as({ user: 'alice' });
  admin = as({ user: 'root-like', group: 'berth-admins' });
  await stage.kubectl('create', 'clusterrolebinding', 'admins', '--clusterrole=berth-admin', '--group=berth-admins');
});

afterAll(async () => {
  await stage.close();
  await stop();
  await rm(dir, { recursive: true });
});

const events = async () =>
  (await readFile(join(dir, 'audit.log'), 'utf8'))
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line));

test('F106: who has no room asks for more on the machine, an administrator grants it, and the audit log has both', async () => {
  const namespace = await tenant(stage, { 'berth-user': 'alice' });
  await stage.kube.create<VmQuota>(vmQuotas, { metadata: { namespace, name: 'default' }, spec: { hard: { cpu: 1 } } });
  const reason = 'load test until Friday';
  const big = machine(namespace, 'big');
  // Until the operator has counted the quota, machines are let in to wait.
  const refused = async () =>
    expect((await alice('POST', `${machinesPath(namespace)}?dryRun=All`, big)).message).toContain(
      'cpu: requested 2, used 0, hard 1',
    );
  await eventually(refused);

  const asking = { ...big, metadata: { ...big.metadata, annotations: { 'berth.dev/quota-request': reason } } };
  const asked = await alice('POST', machinesPath(namespace), asking);
  expect(asked.status).toBe(201);
  expect(asked.warnings.join()).toContain('cpu: requested 2, used 0, hard 1');
  expect(asked.warnings.join()).toContain('waits until an administrator grants the request');
  const quota = () => stage.kube.get<VmQuota>(vmQuotas, { namespace, name: 'default' });
  await eventually(async () =>
    expect((await quota()).status?.pending).toEqual([
      { name: 'big', position: 1, reason: 'QuotaExceeded', request: reason },
    ]),
  );

  const path = `/apis/berth.dev/v1alpha1/namespaces/${namespace}/vmquotas/default`;
  const raise = (who: Person) => who('PATCH', path, { spec: { hard: { cpu: 2 } } }, 'application/merge-patch+json');
  expect((await raise(alice)).status).toBe(403);
  expect((await raise(admin)).status).toBe(200);
  await eventually(async () => {
    const { status } = await stage.kube.get<VirtualMachine>(virtualMachines, { namespace, name: 'big' });
    expect(status?.conditions?.find(({ type }) => type === 'QuotaReserved')?.status).toBe('True');
  });

  // The API server writes it while it answers.
  await eventually(async () => {
    const trail = await events();
    const by = (user: string, resource: string, code: number) =>
      trail.filter(
        ({ impersonatedUser, objectRef, responseStatus, requestURI }) =>
          impersonatedUser?.username === user &&
          objectRef.resource === resource &&
          responseStatus.code === code &&
          !requestURI.includes('dryRun'),
      );
    expect(by('alice', 'virtualmachines', 201)).toMatchObject([
      { requestObject: { metadata: { annotations: { 'berth.dev/quota-request': reason } } } },
    ]);
    expect(by('alice', 'vmquotas', 403)).toHaveLength(1);
    expect(by('root-like', 'vmquotas', 200)).toMatchObject([{ requestObject: { spec: { hard: { cpu: 2 } } } }]);
  });
});

test('F106: what is not allowed at all is refused, asked for or not', async () => {
  const namespace = await tenant(stage, { 'berth-user': 'alice' });
  const spec = { hard: { cpu: 9 }, perVM: { max: { cpu: 1 } } };
  await stage.kube.create<VmQuota>(vmQuotas, { metadata: { namespace, name: 'default' }, spec });
  const big = machine(namespace, 'big');
  const asking = { ...big, metadata: { ...big.metadata, annotations: { 'berth.dev/quota-request': 'please' } } };
  await eventually(async () =>
    expect((await alice('POST', `${machinesPath(namespace)}?dryRun=All`, asking)).message).toContain(
      'cpu: 2 is above perVM.max.cpu 1',
    ),
  );
});
