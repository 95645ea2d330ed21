import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kinds, virtualMachines } from '#api/kinds.ts';
import { pods, webhookConfigurations } from '#kube/builtin.ts';
import { createKubeClient, type KubeClient } from '#kube/client.ts';
import { connect } from '#kube/connection.ts';
import type { KubeObject } from '#kube/resource.ts';
import { announce, paths } from '#operator/admission/configuration.ts';
import { run } from '../control-plane/command.ts';
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.ts';
import { readKubeconfig } from '../control-plane/kubeconfig.ts';
import { kubectlPath } from '../control-plane/programs.ts';
import { freshNamespace } from '../control-plane/shared.ts';
import { eventually } from '../eventually.ts';
import { machine, quotaIn } from '../quota/stage.ts';
import { chart, findHelm, type Helm, smallest } from './helm.ts';

// A control plane of its own: others share one that has CRDs and rights already. The tests follow one another as the
// life of a release does.
const namespace = 'berth-system';
const options = ['--namespace', namespace, '--set', `image.repository=${smallest.image.repository}`];
let dir: string;
let controlPlane: ControlPlane;
let kube: KubeClient;
let helm: Helm;
let kubectl: (...args: string[]) => Promise<string>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-release-'));
  const { signal } = new AbortController();
  const context = { env: process.env, log: console.error, signal };
  controlPlane = await startControlPlane({ dir: join(dir, 'kubernetes'), ...context });
  helm = await findHelm(controlPlane.kubeconfig);
  const file = await kubectlPath(context);
  kubectl = (...args) =>
    run({ file, args: ['--kubeconfig', controlPlane.kubeconfig, ...args], env: process.env, signal });
  kube = createKubeClient(connect(readKubeconfig(controlPlane.kubeconfig).config));
});

afterAll(async () => {
  await controlPlane?.stop();
  await rm(dir, { recursive: true, force: true });
});

const names = async (kind: string) => (await kubectl('get', kind, '-A', '-o', 'name')).split('\n').filter(Boolean);
const field = (path: string, ...what: string[]) => kubectl('get', ...what, '-o', `jsonpath={${path}}`);
const shortNames = () => field('.spec.names.shortNames', 'crd', 'vmtemplates.berth.dev');
const replicas = () => field('.spec.replicas', '-n', namespace, 'deployment', 'berth-operator');
const accountUid = () => field('.metadata.uid', '-n', namespace, 'serviceaccount', 'berth-operator');
const ours = async (kind: string) => (await names(kind)).filter(name => name.includes('berth'));

/** The chart as an earlier release had it: another version, and a CRD without its short name. */
async function earlierChart(): Promise<string> {
  const folder = join(dir, 'berth');
  await cp(chart, folder, { recursive: true, dereference: true });
  const edit = async (file: string, from: string | RegExp, to: string) => {
    const path = join(folder, file);
    await writeFile(path, (await readFile(path, 'utf8')).replace(from, to));
  };
  await edit('Chart.yaml', /^version: .*$/m, 'version: 0.0.9');
  await edit('definitions/berth.dev_vmtemplates.yaml', '    shortNames:\n      - vmt\n', '');
  return folder;
}

test('helm installs an earlier release into an empty cluster', async () => {
  await helm('install', 'berth', await earlierChart(), ...options, '--create-namespace');
  const installed = ['crd', '-l', 'app.kubernetes.io/managed-by=Helm'];
  await kubectl('wait', '--for=condition=Established', '--timeout=120s', ...installed);
  expect(await ours('crd')).toHaveLength(kinds.length);
  expect(await ours('validatingadmissionpolicy')).not.toHaveLength(0);
  expect(await shortNames()).toBe('');
});

test('helm upgrades the CRDs and what has changed, and leaves machines and the bundle of the webhook alone', async () => {
  const tenant = await freshNamespace(controlPlane, 'tenant');
  await kubectl('label', 'namespace', tenant, `berth.dev/tenant=${tenant}`);
  await quotaIn({ controlPlane, kube, kubectl }, tenant, { hard: { vms: 1 } });
  // Policies look at the label, of which the API server learns by a watch.
  const before = await eventually(() => kube.create(virtualMachines, machine(tenant, 'kept')));
  await announce(kube, 'a certificate', undefined);
  const account = await accountUid();

  // Nobody here knows ServiceMonitors and HTTPRoutes.
  const unknown = 'metrics.serviceMonitor.enabled=false,portal.httpRoute.enabled=false';
  const everything = ['--values', 'test/chart/cases/everything.yaml', '--set', unknown];
  await helm('upgrade', 'berth', chart, '--namespace', namespace, ...everything);

  expect(await shortNames()).toBe('["vmt"]');
  expect(await kube.get(virtualMachines, { namespace: tenant, name: 'kept' })).toEqual(before);
  expect(await accountUid()).toBe(account);
  expect(await replicas()).toBe('3');
  const caBundle = Buffer.from('a certificate').toString('base64');
  expect(await kube.get(webhookConfigurations, { name: 'quota.berth.dev' })).toMatchObject({
    webhooks: paths.map(path => ({ clientConfig: { caBundle, service: { path } } })),
  });
});

test('F151: its pods are let into a namespace with restricted Pod Security', async () => {
  await kubectl('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted');
  const template = JSON.parse(await field('.spec.template', '-n', namespace, 'deployment', 'berth-operator'));
  const { metadata, spec } = template as KubeObject & { spec: object };
  const pod = (own: object) =>
    ({
      metadata: { ...metadata, namespace, generateName: 'berth-operator-' },
      spec: { ...spec, ...own },
    }) as KubeObject;
  await eventually(() => expect(kube.create(pods, pod({ hostNetwork: true }))).rejects.toThrow('violates PodSecurity'));
  await kube.create(pods, pod({}));
});

test('helm rolls back to the earlier release, CRDs included, and leaves machines alone', async () => {
  const machines = await names('virtualmachines');
  await helm('rollback', 'berth', '1', '--namespace', namespace);
  expect(await replicas()).toBe('2');
  expect(await shortNames()).toBe('');
  expect(await names('virtualmachines')).toEqual(machines);
});

test('helm uninstalls the operator and leaves the CRDs and every machine', async () => {
  const machines = await names('virtualmachines');
  expect(machines).toHaveLength(1);

  await helm('uninstall', 'berth', '--namespace', namespace);

  expect(await ours('crd')).toHaveLength(kinds.length);
  expect(await names('virtualmachines')).toEqual(machines);
  for (const kind of ['deployment', 'clusterrole', 'clusterrolebinding', 'validatingadmissionpolicy', 'service']) {
    expect(await ours(kind), kind).toEqual([]);
  }
});

test('helm installs it anew over the CRDs that stayed', async () => {
  await helm('install', 'berth', chart, ...options);
  expect(await ours('deployment')).toEqual(['deployment.apps/berth-operator']);
  await helm('uninstall', 'berth', '--namespace', namespace);
});

test('helm takes over what was there by kubectl apply', async () => {
  // Nobody's again, rather than deleted and applied anew: kube-apiserver may forget a CRD's deletion, where the watch
  // cache of its kind was not filled yet, until its informers' resync minutes later.
  const crds = await ours('crd');
  await kubectl('label', ...crds, 'app.kubernetes.io/managed-by-');
  await kubectl('annotate', ...crds, 'meta.helm.sh/release-name-', 'meta.helm.sh/release-namespace-');
  await kubectl('apply', '-f', 'crds/', '-f', 'charts/berth/rbac/operator.yaml');
  await expect(helm('install', 'berth', chart, ...options)).rejects.toThrow('invalid ownership metadata');
  await helm('install', 'berth', chart, ...options, '--take-ownership');
  expect(await ours('deployment')).toEqual(['deployment.apps/berth-operator']);
});
