import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { createKubeClient } from './client.ts';
import { connect } from './connection.ts';
import { Reflector } from './reflector.ts';
import type { KubeObject, ResourceType } from './resource.ts';
import { collectionOf, startApiServer } from './testing/api-server.ts';
import { eventually } from './testing/eventually.ts';
import { startFaultProxy } from './testing/fault-proxy.ts';

const widgets: ResourceType = {
  group: 'example.dev',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: true,
};

/** Watches that are cut, one after another. */
const cuts = 200;

/** Those at the beginning, in which pools and caches come to their size. */
const warmUp = 50;

it(`F136: ${cuts} watches that were cut leave no handle, socket, listener or timer behind`, async () => {
  const server = await startApiServer();
  const proxy = await startFaultProxy({ url: server.url });
  const connection = connect(proxy.kubeConfig());
  const timings = { paceMs: 1, backoffMs: 1, backoffMaxMs: 1 };
  const reflector = new Reflector<KubeObject>({ client: createKubeClient(connection), type: widgets, timings });
  const stopper = new AbortController();
  const running = reflector.run(stopper.signal);
  await reflector.whenSynced();

  const held = async () => {
    await eventually('there is one watch', () => server.watches === 1 && proxy.openWatches() === 1);
    return {
      handles: process.getActiveResourcesInfo().length,
      listeners: getEventListeners(stopper.signal, 'abort').length,
      sockets: server.openConnections,
    };
  };
  let before = await held();
  for (let cut = 0; cut < cuts; cut++) {
    if (cut === warmUp) before = await held();
    const name = `widget-${cut}`;
    server.table.put(collectionOf(widgets), { metadata: { namespace: 'ns', name } });
    await eventually('it is seen', () => reflector.store.get(`ns/${name}`));
    proxy.resetWatches();
  }
  // A socket of the pool may close or open between two counts, and one that was cut is gone a moment later.
  const left = async () => {
    const after = await held();
    return (['handles', 'listeners', 'sockets'] as const).filter(what => after[what] > before[what] + 4);
  };
  await expect.poll(left).toEqual([]);
  expect(reflector.store.size).toBe(cuts);
  stopper.abort();
  await running;
  await Promise.all([connection.close(), proxy.close(), server.close()]);
});
