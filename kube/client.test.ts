import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKubeClient, type KubeClient, unchangedSince } from './client.ts';
import { type Connection, connect } from './connection.ts';
import { isAlreadyExists, isConflict, isExpired, isInvalid, isNotFound } from './errors.ts';
import type { KubeObject, ResourceType } from './resource.ts';
import { type ApiServer, startApiServer } from './testing/api-server.ts';

interface Widget extends KubeObject {
  spec?: { size: number };
  status?: { phase?: string; note?: string };
}

const widgets: ResourceType = {
  group: 'example.dev',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: true,
};
const widget = (name: string, size = 1): Widget => ({ metadata: { namespace: 'ns', name }, spec: { size } });

let server: ApiServer;
let connection: Connection;
let client: KubeClient;

beforeEach(async () => {
  server = await startApiServer();
  connection = connect(server.kubeConfig());
  client = createKubeClient(connection);
});

afterEach(async () => {
  await connection.close();
  await server.close();
});

describe('the client', () => {
  it('creates, reads and removes an object', async () => {
    const created = await client.create(widgets, widget('a'));
    expect(created).toMatchObject({ apiVersion: 'example.dev/v1', kind: 'Widget', metadata: { generation: 1 } });
    expect(await client.get<Widget>(widgets, { namespace: 'ns', name: 'a' })).toEqual(created);
    await client.remove(widgets, created.metadata as { namespace: string; name: string });
    await expect(client.get(widgets, { namespace: 'ns', name: 'a' })).rejects.toSatisfy(isNotFound);
  });

  it('tells an object that exists already from a conflict', async () => {
    await client.create(widgets, widget('a'));
    const error: unknown = await client.create(widgets, widget('a')).catch(reason => reason);
    expect([isAlreadyExists(error), isConflict(error)]).toEqual([true, false]);
  });

  it('swaps an object or its status only where nobody was faster', async () => {
    const first = await client.create(widgets, widget('a'));
    const second = await client.replaceStatus(widgets, { ...first, status: { phase: 'Running' } });
    expect(second).toMatchObject({ spec: { size: 1 }, status: { phase: 'Running' } });
    await expect(client.replaceStatus(widgets, { ...first, status: { phase: 'Lost' } })).rejects.toSatisfy(isConflict);
    await expect(client.replace(widgets, { ...first, spec: { size: 9 } })).rejects.toSatisfy(isConflict);
    const third = await client.replace(widgets, { ...second, spec: { size: 2 } });
    expect(third).toMatchObject({ spec: { size: 2 }, status: { phase: 'Running' } });
  });

  it('status by server-side apply: as any manager, on the status subresource', async () => {
    await client.create(widgets, widget('a'));
    const { metadata } = widget('a');
    const apply = (fieldManager: string, status: object) =>
      client.applyStatus<Widget>(widgets, { metadata, status }, { fieldManager, force: true });
    await apply('alpha', { phase: 'Running' });
    const after = await apply('beta', { note: 'hello' });
    expect(after).toMatchObject({ spec: { size: 1 }, status: { phase: 'Running', note: 'hello' } });
    expect((after.metadata as { managedFields?: object[] }).managedFields).toEqual([
      { manager: 'alpha', operation: 'Apply', subresource: 'status' },
      { manager: 'beta', operation: 'Apply', subresource: 'status' },
    ]);
    expect(server.requests.at(-1)).toBe(
      'PATCH /apis/example.dev/v1/namespaces/ns/widgets/a/status?fieldManager=beta&force=true',
    );
  });

  it('applies what does not exist yet, and stores nothing in a dry run', async () => {
    const options = { fieldManager: 'alpha', force: true };
    await client.apply(widgets, widget('a'), { ...options, dryRun: true });
    await expect(client.get(widgets, { namespace: 'ns', name: 'a' })).rejects.toSatisfy(isNotFound);
    await client.apply(widgets, widget('a'), options);
    expect(await client.get(widgets, { namespace: 'ns', name: 'a' })).toMatchObject({ spec: { size: 1 } });
  });

  it('takes a finalizer off only from the object it was meant for', async () => {
    const object = widget('a');
    const { metadata } = await client.create(widgets, {
      ...object,
      metadata: { ...object.metadata, finalizers: ['example.dev/one', 'example.dev/two'] },
    });
    const key = { namespace: 'ns', name: 'a' };
    const withoutFirst = (uid: string | undefined) =>
      client.patch<Widget>(widgets, key, [
        { op: 'test', path: '/metadata/uid', value: uid },
        { op: 'test', path: '/metadata/finalizers/0', value: 'example.dev/one' },
        { op: 'remove', path: '/metadata/finalizers/0' },
      ]);
    await expect(withoutFirst('another')).rejects.toSatisfy(isInvalid);
    expect((await withoutFirst(metadata.uid)).metadata.finalizers).toEqual(['example.dev/two']);
    await client.remove(widgets, key);
    expect((await client.get(widgets, key)).metadata.deletionTimestamp).toBeDefined();
    await client.patch(widgets, key, { metadata: { finalizers: null } });
    await expect(client.get(widgets, key)).rejects.toSatisfy(isNotFound);
  });

  it('patches only an object that has not changed since', async () => {
    const { metadata } = await client.create(widgets, widget('a'));
    const key = { namespace: 'ns', name: 'a' };
    const size = (value: number) =>
      client.patch<Widget>(widgets, key, [unchangedSince(metadata), { op: 'replace', path: '/spec/size', value }]);
    expect((await size(2)).spec?.size).toBe(2);
    await expect(size(3)).rejects.toSatisfy(isConflict);
  });

  it('removes only the object with the UID that was meant', async () => {
    const { metadata } = await client.create(widgets, widget('a'));
    const key = { namespace: 'ns', name: 'a' };
    await expect(client.remove(widgets, key, { uid: 'another' })).rejects.toSatisfy(isConflict);
    await client.remove(widgets, key, { uid: metadata.uid ?? '' });
    expect(server.table.list('example.dev/v1/widgets')).toEqual([]);
  });

  it('lists page after page, one namespace or all, by label', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await client.create(widgets, widget(name));
    const other = { namespace: 'other', name: 'f', labels: { colour: 'red' } };
    const { metadata } = await client.create<Widget>(widgets, { metadata: other });
    const { items, resourceVersion } = await client.list<Widget>(widgets, { pageSize: 2 });
    expect(items.map(item => item.metadata.name)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(resourceVersion).toBe(metadata.resourceVersion);
    expect(server.requests.filter(request => request.startsWith('GET'))).toHaveLength(3);
    expect((await client.list(widgets, { namespace: 'ns' })).items).toHaveLength(5);
    expect((await client.list(widgets, { labelSelector: 'colour=red' })).items).toHaveLength(1);
  });

  it('says that a list is to be begun anew when its token has expired', async () => {
    for (const name of ['a', 'b', 'c']) await client.create(widgets, widget(name));
    const pages = client.pages(widgets, { pageSize: 2 });
    await pages.next();
    await client.create(widgets, widget('d'));
    await expect(pages.next()).rejects.toSatisfy(isExpired);
  });

  it('refuses a namespaced object without namespace before it sends anything', async () => {
    await expect(client.get(widgets, { name: 'a' })).rejects.toThrow('Widget a needs a namespace');
    expect(server.requests).toEqual([]);
  });
});
