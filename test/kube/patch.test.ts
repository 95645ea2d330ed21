import { afterAll, beforeAll, expect, test } from 'vitest';
import { namespaces } from '#kube/builtin.ts';
import { createKubeClient, unchangedSince } from '#kube/client.ts';
import { type Connection, connect } from '#kube/connection.ts';
import { isConflict } from '#kube/errors.ts';
import { readKubeconfig } from '../control-plane/kubeconfig.ts';
import { freshNamespace, sharedControlPlane } from '../control-plane/shared.ts';

let connection: Connection;
let name: string;

beforeAll(async () => {
  const controlPlane = await sharedControlPlane();
  connection = connect(readKubeconfig(controlPlane.kubeconfig).config);
  name = await freshNamespace(controlPlane, 'patched');
});

afterAll(() => connection?.close());

test('what has changed since is not patched, and that is a conflict to the real API server, too', async () => {
  const kube = createKubeClient(connection);
  const { metadata } = await kube.get(namespaces, { name });
  const annotate = (value: string) =>
    kube.patch(namespaces, { name }, [
      unchangedSince(metadata),
      { op: 'add', path: '/metadata/annotations', value: { 'example.dev/by': value } },
    ]);
  await annotate('first');
  await expect(annotate('second')).rejects.toSatisfy(isConflict);
  expect((await kube.get(namespaces, { name })).metadata.annotations).toEqual({ 'example.dev/by': 'first' });
});
