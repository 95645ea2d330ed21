import { getEventListeners } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configMaps } from './builtin.ts';
import { createKubeClient } from './client.ts';
import { type Connection, type ConnectOptions, connect } from './connection.ts';
import { runController } from './controller.ts';
import { isUnanswered, KubeError } from './errors.ts';
import { Queue } from './queue.ts';
import type { KubeObject } from './resource.ts';
import { noMetrics } from './telemetry.ts';
import { type ApiServer, type ApiServerOptions, collectionOf, startApiServer } from './testing/api-server.ts';
import { makeSelfSigned } from './testing/certificate.ts';
import { eventually } from './testing/eventually.ts';
import { type FaultProxy, startFaultProxy } from './testing/fault-proxy.ts';

interface Counted extends KubeObject {
  status?: Record<string, number>;
}

const collection = collectionOf(configMaps);
const path = '/api/v1/configmaps';
const getList = { method: 'GET', path } as const;

let closing: (() => Promise<unknown>)[];
let folder: string;

beforeEach(async () => {
  closing = [];
  folder = await mkdtemp(join(tmpdir(), 'kube-connection-'));
});

afterEach(async () => {
  for (const close of closing.reverse()) await close();
  await rm(folder, { recursive: true });
});

async function startServer(options?: ApiServerOptions): Promise<ApiServer> {
  const server = await startApiServer(options);
  closing.push(server.close);
  return server;
}

async function startProxied(options?: ConnectOptions) {
  const server = await startServer();
  const proxy: FaultProxy = await startFaultProxy({ url: server.url });
  closing.push(() => proxy.close());
  return { server, proxy, connection: open(proxy.kubeConfig(), options) };
}

function open(kubeConfig: Parameters<typeof connect>[0], options?: ConnectOptions): Connection {
  const connection = connect(kubeConfig, options);
  closing.push(() => connection.close());
  return connection;
}

/** Answers each given fault once, in turn, then lets all pass. */
function once(...faults: NonNullable<ReturnType<FaultProxy['fault']>>[]): FaultProxy['fault'] {
  return () => faults.shift();
}

describe('connections', () => {
  it('case connections: 100 GETs share a few', async () => {
    const server = await startServer();
    const connection = open(server.kubeConfig());
    for (let index = 0; index < 100; index += 1) await connection.request(getList);
    expect(server.requests).toHaveLength(100);
    // An answer is read a moment before its socket is free again.
    expect(server.connections).toBeLessThanOrEqual(2);
  });

  it('are at most 32, however many requests there are at once', async () => {
    const server = await startServer();
    const connection = open(server.kubeConfig());
    await Promise.all(Array.from({ length: 200 }, () => connection.request(getList)));
    expect(server.connections).toBeLessThanOrEqual(32);
  });

  it('of a stream are their own, and gone when the reading ends', async () => {
    const server = await startServer({ bookmarkMs: 10 });
    const connection = open(server.kubeConfig());
    const query = { watch: true, resourceVersion: server.table.revision };
    for await (const chunk of connection.stream({ path, query, silenceMs: 30_000, lifetimeMs: 30_000 })) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    await eventually('no watch', () => server.watches === 0);
    expect(server.connections).toBe(1);
  });

  it('of a stream are gone when the server ends it, and not kept for another request', async () => {
    const server = await startServer();
    const connection = open(server.kubeConfig());
    const query = { watch: true, timeoutSeconds: 0 };
    const stream = connection.stream({ path, query, silenceMs: 30_000, lifetimeMs: 30_000 });
    for await (const chunk of stream) expect(chunk.length).toBeGreaterThan(0);
    // Both sides would let an idle socket wait for seconds.
    await eventually('no socket', () => server.connections === 1 && server.openConnections === 0);
  });

  it('of a stream may be quiet for longer than a request may take', async () => {
    const server = await startServer({ bookmarkMs: 1_500 });
    const connection = open(server.kubeConfig(), { requestTimeoutMs: 1_000 });
    const stream = connection.stream({ path, query: { watch: true }, silenceMs: 30_000, lifetimeMs: 30_000 });
    expect((await stream.next()).done).toBe(false);
    await stream.return();
  });

  it('leave no listener on a signal that outlives them', async () => {
    const server = await startServer();
    const connection = open(server.kubeConfig());
    const { signal } = new AbortController();
    for (let index = 0; index < 20; index += 1) await connection.request({ ...getList, signal });
    const query = { watch: true, timeoutSeconds: 0 };
    const stream = connection.stream({ path, query, signal, silenceMs: 30_000, lifetimeMs: 30_000 });
    for await (const chunk of stream) expect(chunk.length).toBeGreaterThan(0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('reach a server behind a path', async () => {
    const server = await startServer();
    const connection = open(server.kubeConfig({}, { server: `${server.url}/k8s/clusters/c-1/` }));
    await expect(connection.request(getList)).rejects.toMatchObject({ status: 404 });
    expect(server.requests).toEqual(['GET /k8s/clusters/c-1/api/v1/configmaps']);
  });
});

describe('a request', () => {
  it('fails with what the API server says', async () => {
    const server = await startServer();
    const request = open(server.kubeConfig()).request({ method: 'GET', path: `/api/v1/namespaces/ns/configmaps/a` });
    await expect(request).rejects.toMatchObject({ status: 404, reason: 'NotFound', message: '"a" not found' });
  });

  it('fails with the status where a proxy answers with a page', async () => {
    const { proxy, connection } = await startProxied();
    proxy.fault = once({ kind: 'answer', status: 502 });
    await expect(connection.request(getList)).rejects.toMatchObject({ status: 502, reason: 'HTTP502' });
  });

  it('ends at its deadline, and the next one trusts none of the old connections', async () => {
    const { proxy, connection } = await startProxied({ requestTimeoutMs: 2_000 });
    await Promise.all(Array.from({ length: 5 }, () => connection.request(getList)));
    proxy.freeze();
    await expect(connection.request(getList)).rejects.toMatchObject({ status: 0, reason: 'DeadlineExceeded' });
    proxy.thaw();
    const before = proxy.connections;
    await connection.request(getList);
    expect(proxy.connections).toBe(before + 1);
  });

  it('is counted with its method and the status that it ended with, 0 where nobody answered', async () => {
    const counts: [string, number][] = [];
    const metrics = { ...noMetrics, requestEnded: (method: string, status: number) => counts.push([method, status]) };
    const { proxy, connection } = await startProxied({ metrics });
    await connection.request(getList);
    const missing = { method: 'DELETE', path: '/api/v1/namespaces/ns/configmaps/a' } as const;
    await connection.request(missing).catch(() => undefined);
    proxy.fault = once({ kind: 'reset' });
    await connection.request(getList).catch(() => undefined);
    expect(counts).toEqual([
      ['GET', 200],
      ['DELETE', 404],
      ['GET', 0],
    ]);
  });

  it('ends with the reason of its caller', async () => {
    const { proxy, connection } = await startProxied();
    proxy.freeze();
    const stopper = new AbortController();
    const request = connection.request({ ...getList, signal: stopper.signal });
    stopper.abort(new Error('shutting down'));
    await expect(request).rejects.toThrow('shutting down');
  });

  it('whose answer is lost says that nobody knows whether it happened', async () => {
    const { server, proxy, connection } = await startProxied();
    proxy.fault = once({ kind: 'lose-answer' });
    const body = { metadata: { namespace: 'ns', name: 'a' } };
    const request = connection.request({ method: 'POST', path: '/api/v1/namespaces/ns/configmaps', body });
    await expect(request).rejects.toSatisfy(isUnanswered);
    expect(server.table.list(collection)).toHaveLength(1);
  });

  it('row 36: that was refused with 429 is sent again after the time that the server asked for', async () => {
    const { proxy, connection } = await startProxied();
    const refusal = { kind: 'answer', status: 429, headers: { 'retry-after': '1' } } as const;
    proxy.fault = once(refusal);
    await connection.request(getList);
    const [first = 0, second = 0] = proxy.requests.map(({ at }) => at);
    expect(second - first).toBeGreaterThanOrEqual(990);
  });

  it('row 36: that would have to wait beyond its deadline fails at once, and says how long', async () => {
    const { proxy, connection } = await startProxied({ requestTimeoutMs: 60_000 });
    proxy.fault = once({ kind: 'answer', status: 429, body: { code: 429, details: { retryAfterSeconds: 90 } } });
    await expect(connection.request(getList)).rejects.toMatchObject({ status: 429, retryAfterMs: 90_000 });
    expect(proxy.requests).toHaveLength(1);
  });
});

describe('two writers of one status', () => {
  it('row 21: lose nothing though every second write is a conflict', async () => {
    const { server, proxy, connection } = await startProxied();
    const client = createKubeClient(connection);
    const key = { namespace: 'ns', name: 'a' };
    server.table.put(collection, { metadata: key, status: {} });
    let writes = 0;
    const conflict = { kind: 'answer', status: 409, body: { code: 409, reason: 'Conflict' } } as const;
    proxy.fault = ({ method }) => (method === 'PUT' && writes++ % 2 === 1 ? conflict : undefined);
    const queue = new Queue({ backoffMs: 1, backoffMaxMs: 5, retryBurst: 1000 });
    const stopper = new AbortController();
    const reconcile = async (writer: string) => {
      const object = await client.get<Counted>(configMaps, key);
      const count = (object.status?.[writer] ?? 0) + 1;
      await client.replaceStatus(configMaps, { ...object, status: { ...object.status, [writer]: count } });
      return count < 10 ? ({ kind: 'again', afterMs: 0, reason: 'Counting' } as const) : ({ kind: 'done' } as const);
    };
    const controller = runController({ name: 'writers', queue, concurrency: 2, reconcile, signal: stopper.signal });
    for (const writer of ['alpha', 'beta']) queue.add(writer);
    const status = () => server.table.list(collection)[0]?.status as Counted['status'];
    await eventually('both counts', () => status()?.alpha === 10 && status()?.beta === 10);
    stopper.abort();
    await controller;
  });
});

describe('credentials', () => {
  const tokenFileOf = (tokenFile: string) => ({ authProvider: { name: 'tokenFile', config: { tokenFile } } });

  it('are read anew when a rotated token is refused, and once', async () => {
    const server = await startServer();
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'first\n');
    server.token = 'first';
    const connection = open(server.kubeConfig(tokenFileOf(tokenFile)));
    await connection.request(getList);
    await writeFile(tokenFile, 'second\n');
    server.token = 'second';
    await Promise.all([connection.request(getList), connection.request(getList)]);
    server.token = 'third';
    const before = server.requests.length;
    await expect(connection.request(getList)).rejects.toMatchObject({ status: 401 });
    expect(server.requests.length).toBe(before + 2);
  });

  it('are read anew once for all requests that were refused together', async () => {
    const server = await startServer();
    server.token = 'second';
    let reloads = 0;
    const reload = () => {
      reloads += 1;
      return server.kubeConfig({ token: 'second' });
    };
    const connection = open(server.kubeConfig({ token: 'first' }), { reload });
    await Promise.all(Array.from({ length: 5 }, () => connection.request(getList)));
    expect(reloads).toBe(1);
  });

  it('of a stream are read anew too', async () => {
    const server = await startServer({ bookmarkMs: 10 });
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'first');
    server.token = 'first';
    const connection = open(server.kubeConfig(tokenFileOf(tokenFile)));
    await connection.request(getList);
    await writeFile(tokenFile, 'second');
    server.token = 'second';
    const stream = connection.stream({ path, query: { watch: true }, silenceMs: 30_000, lifetimeMs: 30_000 });
    expect((await stream.next()).done).toBe(false);
    await stream.return();
  });

  it('trust the CA of the file, and the new one after it was replaced', async () => {
    const [before, after] = [makeSelfSigned(), makeSelfSigned()];
    const caFile = join(folder, 'ca.crt');
    await writeFile(caFile, before.cert);
    const server = await startServer({ tls: after });
    const connection = open(server.kubeConfig({}, { caFile }));
    await expect(connection.request(getList)).rejects.toBeInstanceOf(KubeError);
    await writeFile(caFile, after.cert);
    await connection.request(getList);
    expect(server.requests).toHaveLength(1);
  });
});
