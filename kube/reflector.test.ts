import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKubeClient, type KubeClient } from './client.ts';
import { type Connection, connect } from './connection.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';
import type { KubeObject, ResourceType } from './resource.ts';
import { type ApiServer, collectionOf, startApiServer } from './testing/api-server.ts';
import { eventually } from './testing/eventually.ts';
import { startFaultProxy } from './testing/fault-proxy.ts';
import { manualClock } from './testing/manual-clock.ts';

const widgets: ResourceType = {
  group: 'example.dev',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: true,
};
const collection = collectionOf(widgets);
const widget = (name: string, namespace = 'ns'): KubeObject => ({ metadata: { namespace, name } });

let server: ApiServer;
let connection: Connection;
let client: KubeClient;
const stopping: (() => Promise<void>)[] = [];

beforeEach(async () => {
  server = await startApiServer({ bookmarkMs: 50 });
  connection = connect(server.kubeConfig());
  client = createKubeClient(connection);
});

afterEach(async () => {
  for (const stop of stopping.splice(0).reverse()) await stop();
  await connection.close();
  await server.close();
});

function start(options: Partial<ReflectorOptions<KubeObject>> = {}) {
  const reflector = new Reflector<KubeObject>({ client, type: widgets, ...options });
  const stopper = new AbortController();
  const running = reflector.run(stopper.signal);
  stopping.push(() => {
    stopper.abort();
    return running;
  });
  return reflector;
}

describe('a reflector', () => {
  it('has everything once it is synced, and follows what comes', async () => {
    server.table.put(collection, widget('a'));
    const changes: string[] = [];
    const reflector = start({ onChange: (key, kind, _, origin) => changes.push(`${kind} ${key} by ${origin}`) });
    expect(reflector.synced).toBe(false);
    await reflector.whenSynced();
    expect(reflector.synced).toBe(true);
    await eventually('a watch', () => server.watches === 1);
    server.table.put(collection, widget('b'));
    server.table.put(collection, { ...widget('a'), spec: { size: 2 } });
    server.table.delete(collection, 'ns/b');
    await eventually('all changes', () => changes.length === 4);
    expect(changes).toEqual([
      'added ns/a by list',
      'added ns/b by watch',
      'updated ns/a by watch',
      'deleted ns/b by watch',
    ]);
    expect(reflector.store.list()).toMatchObject([{ metadata: { name: 'a' }, spec: { size: 2 } }]);
  });

  it('reflects one namespace where it is told to', async () => {
    server.table.put(collection, widget('a', 'other'));
    const reflector = start({ namespace: 'ns' });
    await eventually('a watch', () => server.watches === 1);
    server.table.put(collection, widget('b', 'other'));
    server.table.put(collection, widget('c'));
    await eventually('the object', () => reflector.store.get('ns/c'));
    expect(reflector.store.size).toBe(1);
  });

  it('knows by bookmarks how far it is, though its own collection is quiet', async () => {
    const reflector = start();
    await reflector.whenSynced();
    const { metadata } = server.table.put('/v1/configmaps', widget('noise'));
    await eventually('a bookmark', () => reflector.store.hasSeen(metadata.resourceVersion ?? ''));
    expect(reflector.silentMs).toBeLessThan(10_000);
  });

  it('keeps on when a handler throws', async () => {
    const reflector = start({
      onChange: () => {
        throw new Error('a bug');
      },
    });
    await eventually('a watch', () => server.watches === 1);
    server.table.put(collection, widget('a'));
    server.table.put(collection, widget('b'));
    await eventually('both objects', () => reflector.store.size === 2);
  });

  it('lists again after a while, ending its watch for that', async () => {
    start({ timings: { relistMs: 800, paceMs: 10 } });
    const lists = () => server.requests.filter(request => !request.includes('watch')).length;
    await eventually('a second list', () => lists() >= 2);
    expect(server.requests.find(request => request.includes('watch'))).toMatch(/timeoutSeconds=1$/);
  });

  it('watches for a random time, so that many reflectors do not come back together', async () => {
    for (const random of [0, 0.5]) start({ random: () => random });
    await eventually('both watches', () => server.watches === 2);
    const seconds = server.requests.flatMap(request => /timeoutSeconds=(\d+)/.exec(request)?.[1] ?? []);
    expect(seconds.sort()).toEqual(['300', '450']);
  });

  it('ends its watch when it is told to stop', async () => {
    start();
    await eventually('a watch', () => server.watches === 1);
    await stopping.pop()?.();
    await eventually('no watch', () => server.watches === 0);
  });
});

describe('a reflector in trouble', () => {
  /** A reflector whose time stands still, so that what it does not do at once it does not do at all. */
  async function startInTrouble() {
    const clock = manualClock();
    const quiet = await startApiServer();
    const proxy = await startFaultProxy({ url: quiet.url });
    const troubled = connect(proxy.kubeConfig());
    stopping.push(
      () => quiet.close(),
      () => proxy.close(),
      () => troubled.close(),
    );
    // The longest of all random delays.
    const reflector = start({ client: createKubeClient(troubled), clock, random: () => 1 });
    const watched = () => eventually('a watch', () => proxy.openWatches() === 1);
    const lists = () => proxy.requests.filter(({ isWatch }) => !isWatch).length;
    /** Expects a pause of exactly so many milliseconds before the next request. */
    const pauses = async (ms: number) => {
      await eventually('a pause', () => clock.waiting() === 1);
      const before = proxy.requests.length;
      await clock.advance(ms - 1);
      expect([clock.waiting(), proxy.requests.length]).toEqual([1, before]);
      await clock.advance(1);
      await eventually('a request', () => proxy.requests.length > before);
    };
    await watched();
    return { clock, table: quiet.table, proxy, reflector, watched, lists, pauses };
  }

  it('waits a second, then twice as long up to five, and anew once it has seen an event', async () => {
    const { table, proxy, reflector, watched, pauses } = await startInTrouble();
    proxy.fault = () => ({ kind: 'answer', status: 500 });
    proxy.resetWatches();
    for (const ms of [1000, 2000, 4000, 5000]) await pauses(ms);
    proxy.fault = () => undefined;
    await pauses(5000);
    await watched();
    table.put(collection, widget('a'));
    await eventually('the object', () => reflector.store.size === 1);
    proxy.resetWatches();
    await pauses(1000);
  });

  it('waits as long as the server asks for', async () => {
    const { proxy, pauses } = await startInTrouble();
    const busy = { kind: 'answer', status: 503, headers: { 'retry-after': '30' } } as const;
    proxy.fault = () => busy;
    proxy.resetWatches();
    await pauses(1000);
    await pauses(30_000);
  });

  it('lists at once after damage, but not when that did not help', async () => {
    const { table, proxy, reflector, watched, lists, pauses } = await startInTrouble();
    const damage = () => proxy.distortNextEvent(() => ({ text: 'no event\n', thenEnd: false }));
    damage();
    table.put(collection, widget('a'));
    await eventually('a list', () => lists() === 2);
    await watched();
    damage();
    table.put(collection, widget('b'));
    await pauses(2000);
    await eventually('a list', () => lists() === 3);
    await watched();
    table.put(collection, widget('c'));
    await eventually('an event', () => reflector.store.size === 3);
    damage();
    table.put(collection, widget('d'));
    await eventually('a list', () => lists() === 4);
  });

  it('lists at once when its resourceVersion has expired meanwhile', async () => {
    const { table, proxy, lists, pauses } = await startInTrouble();
    table.put('/v1/configmaps', widget('something else'));
    table.compact();
    proxy.resetWatches();
    await pauses(1000);
    await eventually('a list', () => lists() === 2);
  });

  it('row 26: lists at once when the server has gone back in time', async () => {
    const { table, proxy, lists } = await startInTrouble();
    const bookmark = JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '7' } } });
    proxy.distortNextEvent(() => ({ text: `${bookmark}\n`, thenEnd: false }));
    table.put(collection, widget('a'));
    await eventually('a list', () => lists() === 2);
  });
});
