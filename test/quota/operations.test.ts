import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { operation, type Stage, tenant, tenantStage } from './stage.ts';

let stage: Stage;
let namespace: string;

beforeAll(async () => {
  stage = await tenantStage();
  namespace = await tenant(stage, { 'berth-user': 'alice', 'berth-viewer': 'vera' });
  // Who may create operations, and restart one machine only.
  const role = ['restarter', '--verb=create', '--resource=vmoperations.berth.dev'];
  await stage.kubectl('-n', namespace, 'create', 'role', ...role);
  await stage.kubectl('-n', namespace, 'create', 'rolebinding', 'restarter', '--role=restarter', '--user=robin');
  const one = ['one', '--verb=update', '--resource=virtualmachines.berth.dev/restart', '--resource-name=present'];
  await stage.kubectl('-n', namespace, 'create', 'role', ...one);
  await stage.kubectl('-n', namespace, 'create', 'rolebinding', 'one', '--role=one', '--user=robin');
});

afterAll(() => stage.dismantle());

const post = (user: string, object: object) =>
  stage.as({ user })('POST', `/apis/berth.dev/v1alpha1/namespaces/${namespace}/vmoperations?dryRun=All`, object);

test('F40: who may restart a machine asks for it in their own name', async () => {
  expect((await post('alice', operation(namespace, 'a', 'alice'))).status).toBe(201);
  expect((await post('alice', operation(namespace, 'a', 'bob'))).message).toContain(
    'spec.requester: "bob" is not your own name (alice)',
  );
  expect((await post('vera', operation(namespace, 'a', 'vera'))).status).toBe(403);
});

test('F90: the right to restart one machine is none to reset it, and none to another machine', async () => {
  // The API server takes up roles by a watch.
  await vi.waitFor(async () => expect((await post('robin', operation(namespace, 'a', 'robin'))).status).toBe(201));
  expect((await post('robin', operation(namespace, 'a', 'robin', 'Reset'))).message).toContain(
    'spec.type: Reset needs update on virtualmachines/reset for "present"',
  );
  const other = { ...operation(namespace, 'a', 'robin'), spec: { vmName: 'b', requester: 'robin', type: 'Restart' } };
  expect((await post('robin', other)).message).toContain('needs update on virtualmachines/restart for "b"');
});

test('an operation is never changed', async () => {
  const root = stage.as({ user: 'root', group: 'system:masters' });
  const path = `/apis/berth.dev/v1alpha1/namespaces/${namespace}/vmoperations`;
  expect((await root('POST', path, operation(namespace, 'fixed', 'root'))).status).toBe(201);
  const patch = { spec: { type: 'Reset' } };
  const answer = await root('PATCH', `${path}/fixed`, patch, 'application/merge-patch+json');
  expect(answer.message).toContain('the spec of an operation cannot be changed after creation');
});
