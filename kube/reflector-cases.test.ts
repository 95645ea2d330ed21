import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKubeClient } from './client.ts';
import { type Connection, connect } from './connection.ts';
import { Queue } from './queue.ts';
import { Reflector, type ReflectorTimings } from './reflector.ts';
import { type KubeObject, keyOf, type ResourceType } from './resource.ts';
import { type ApiServer, collectionOf, startApiServer } from './testing/api-server.ts';
import { type FaultProxy, startFaultProxy } from './testing/fault-proxy.ts';
import { type Bench, reflectorCases, runCase, stateOf, type World } from './testing/reflector-cases.ts';

const widgets: ResourceType = {
  group: 'example.dev',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: true,
};

/** A twentieth of the real ones, and less where a watch is waited for. */
const timings: ReflectorTimings = {
  watchMinMs: 15_000,
  watchMaxMs: 30_000,
  watchGraceMs: 1000,
  silenceMs: 400,
  relistMs: 60_000,
  paceMs: 50,
  backoffMs: 50,
  backoffMaxMs: 250,
};

let server: ApiServer;
let proxy: FaultProxy;
let connection: Connection;
let bench: Bench;
let stop: () => Promise<void>;

beforeEach(async () => {
  server = await startApiServer({ bookmarkMs: 100 });
  proxy = await startFaultProxy({ url: server.url });
  connection = connect(proxy.kubeConfig(), { requestTimeoutMs: 2_000 });
  const changes: Bench['changes'] = [];
  const queue = new Queue();
  const reflector = new Reflector<KubeObject>({
    client: createKubeClient(connection),
    type: widgets,
    timings,
    onChange(key, kind, object) {
      changes.push({ key, kind, object });
      queue.add(key);
    },
  });
  bench = { world: worldOf(server), proxy, reflector, changes, queue, timings, slackMs: 10_000 };
  const stopper = new AbortController();
  const running = reflector.run(stopper.signal);
  stop = () => {
    stopper.abort();
    return running;
  };
});

afterEach(async () => {
  await stop();
  await connection.close();
  await proxy.close();
  await server.close();
});

function worldOf({ table }: ApiServer): World {
  const collection = collectionOf(widgets);
  let size = 0;
  return {
    async put(name) {
      size += 1;
      table.put(collection, { metadata: { namespace: 'ns', name }, spec: { size } });
    },
    async remove(name) {
      table.delete(collection, `ns/${name}`);
    },
    async compact() {
      // Something else must have been written since, or the last resourceVersion would still do.
      table.put('/v1/configmaps', { metadata: { namespace: 'ns', name: 'other' }, data: { size } });
      table.compact();
    },
    async truth() {
      return new Map(table.list(collection).map(object => [keyOf(object), stateOf(object)]));
    },
  };
}

describe('a reflector', () => {
  it.for(reflectorCases)('case $id: $title — $must', async case_ => {
    expect(await runCase(bench, case_)).toBeGreaterThanOrEqual(0);
  });
});
