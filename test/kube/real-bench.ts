import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, request } from 'undici';
import { createKubeClient, type KubeClient } from '#kube/client.ts';
import { connect } from '#kube/connection.ts';
import { Queue } from '#kube/queue.ts';
import { Reflector, type ReflectorTimings } from '#kube/reflector.ts';
import { type KubeObject, keyOf, type ResourceType } from '#kube/resource.ts';
import { startFaultProxy } from '#kube/testing/fault-proxy.ts';
import { type Bench, stateOf, type World } from '#kube/testing/reflector-cases.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';

/**
 * The flag of the API server that a real compaction needs: from its cache it goes on to serve what etcd has forgotten.
 * Without the cache it sends no bookmarks, and silence is what the watchdog is for.
 */
export const uncached = ['--watch-cache-sizes=secrets#0'];

const namespaces: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
};

/** What is watched. Nobody else makes one in a new namespace; a ConfigMap comes there by itself, at any moment. */
const secrets: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'secrets',
  kind: 'Secret',
  namespaced: true,
};

/** As in production, but that silence is noticed in seconds: a case is not to take minutes. */
const timings: ReflectorTimings = {
  watchMinMs: 30_000,
  watchMaxMs: 60_000,
  watchGraceMs: 5_000,
  silenceMs: 5_000,
  relistMs: 600_000,
  paceMs: 1_000,
  backoffMs: 1_000,
  backoffMaxMs: 5_000,
};

/** A bench on a real API server, and its end. */
export interface RealBench {
  bench: Bench;
  close: () => Promise<void>;
}

/** Sets a reflector on a namespace of its own, behind a proxy that can misbehave. */
export async function realBench(controlPlane: ControlPlane): Promise<RealBench> {
  const { url, caFile, adminToken, kubeconfig } = controlPlane;
  const namespace = `watched-${randomUUID()}`;
  const ca = caFile === undefined ? undefined : await readFile(caFile, 'utf8');
  const proxy = await startFaultProxy({ url, ...(ca && { ca }), headers: { authorization: `Bearer ${adminToken}` } });
  const direct = connect(configFrom(kubeconfig));
  const watching = connect(proxy.kubeConfig(), { requestTimeoutMs: 6_000 });
  const kube = createKubeClient(direct);
  await kube.create(namespaces, { metadata: { name: namespace } });
  const etcd = etcdOf(controlPlane);
  const changes: Bench['changes'] = [];
  const queue = new Queue();
  const reflector = new Reflector<KubeObject>({
    client: createKubeClient(watching),
    type: secrets,
    namespace,
    timings,
    onChange(key, kind, object) {
      changes.push({ key, kind, object });
      queue.add(key);
    },
  });
  const world = worldOf(kube, namespace, etcd);
  const stopper = new AbortController();
  const running = reflector.run(stopper.signal);
  return {
    bench: { world, proxy, reflector, changes, queue, timings, slackMs: 15_000 },
    async close() {
      stopper.abort();
      await running;
      await Promise.all([watching.close(), direct.close(), proxy.close(), etcd.close()]);
    },
  };
}

function worldOf(kube: KubeClient, namespace: string, etcd: Agent): World {
  let writes = 0;
  return {
    async put(name) {
      writes += 1;
      const object = { metadata: { namespace, name }, data: { writes: btoa(String(writes)) } };
      await kube.apply(secrets, object, { fieldManager: 'world', force: true });
    },
    async remove(name) {
      await kube.remove(secrets, { namespace, name });
    },
    async compact() {
      // Something else must have been written since, or the last resourceVersion would still do.
      const other = { metadata: { namespace: 'default', name: 'other' }, data: { writes: btoa(randomUUID()) } };
      const { metadata } = await kube.apply(secrets, other, { fieldManager: 'world', force: true });
      const body = JSON.stringify({ revision: metadata.resourceVersion, physical: true });
      const url = 'http://etcd/v3/kv/compaction';
      const answer = await request(url, { method: 'POST', dispatcher: etcd, body });
      if (answer.statusCode !== 200) throw new Error(`etcd does not compact: ${await answer.body.text()}`);
      await answer.body.dump();
    },
    async truth() {
      const { items } = await kube.list(secrets, { namespace });
      return new Map(items.map(object => [keyOf(object), stateOf(object)]));
    },
  };
}

/** etcd speaks JSON on its socket, too. */
const etcdOf = ({ kubeconfig }: ControlPlane): Agent =>
  new Agent({ connect: { socketPath: join(dirname(kubeconfig), 'etcd.sock') } });

function configFrom(path: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(path);
  return config;
}
