import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuthenticationV1Api, CoreV1Api, KubeConfig, VersionApi } from '@kubernetes/client-node';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { freshNamespace, sharedControlPlane } from './shared.ts';

let controlPlane: ControlPlane;
let core: CoreV1Api;

const load = (path: string): KubeConfig => {
  const config = new KubeConfig();
  config.loadFromFile(path);
  return config;
};

beforeAll(async () => {
  controlPlane = await sharedControlPlane();
  core = load(controlPlane.kubeconfig).makeApiClient(CoreV1Api);
});

it('is the Kubernetes that go.mod names', async () => {
  const { gitVersion } = await load(controlPlane.kubeconfig).makeApiClient(VersionApi).getCode();
  expect(gitVersion).toMatch(/^v1\.36\.\d+$/);
});

it('a namespace with objects is deleted with them', async () => {
  const name = await freshNamespace(controlPlane, 'short-lived');
  await core.createNamespacedConfigMap({ namespace: name, body: { metadata: { name: 'content' } } });
  await core.deleteNamespace({ name });
  await vi.waitFor(() => expect(core.readNamespace({ name })).rejects.toMatchObject({ code: 404 }), {
    timeout: 240_000,
    interval: 200,
  });
});

it('an object goes with its owner', async () => {
  const namespace = await freshNamespace(controlPlane, 'owner');
  const owner = await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'owner' } } });
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata?.uid ?? '' }];
  await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'owned', ownerReferences } } });
  await core.deleteNamespacedConfigMap({ namespace, name: 'owner' });
  await vi.waitFor(
    () => expect(core.readNamespacedConfigMap({ namespace, name: 'owned' })).rejects.toMatchObject({ code: 404 }),
    { timeout: 240_000, interval: 200 },
  );
});

describe('a ServiceAccount, with a kubeconfig of its own', () => {
  const kubeconfigOf = async (namespace: string) => {
    const dir = await mkdtemp(join(tmpdir(), 'berth-kubeconfig-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: 'clerk' } } });
    return load(await controlPlane.serviceAccountKubeconfig(namespace, 'clerk', join(dir, 'kubeconfig')));
  };

  it('is who it says, in its namespace', async () => {
    const namespace = await freshNamespace(controlPlane, 'clerk');
    const config = await kubeconfigOf(namespace);
    const { status } = await config.makeApiClient(AuthenticationV1Api).createSelfSubjectReview({ body: {} });
    expect(status?.userInfo?.username).toBe(`system:serviceaccount:${namespace}:clerk`);
    expect(config.getContextObject(config.currentContext)?.namespace).toBe(namespace);
  });

  it('is denied what no role grants', async () => {
    const namespace = await freshNamespace(controlPlane, 'denied');
    const clerk = (await kubeconfigOf(namespace)).makeApiClient(CoreV1Api);
    await expect(clerk.listNamespacedSecret({ namespace })).rejects.toMatchObject({ code: 403 });
  });

  it('that does not exist gets none', async () => {
    const namespace = await freshNamespace(controlPlane, 'nobody');
    const asked = controlPlane.serviceAccountKubeconfig(namespace, 'nobody', '/dev/null');
    await expect(asked).rejects.toMatchObject({ code: 404 });
  });
});

it('flags for the API server of a cluster that runs already are refused', async () => {
  const { kubeconfig } = controlPlane;
  const asked = startControlPlane({ dir: '.', kubeconfig, env: {}, log: () => {}, apiServerArgs: ['--v=9'] });
  await expect(asked).rejects.toThrow('--v=9: the API server of this cluster is not ours to start.');
});
