import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { machine, machinesPath, operation, type Stage, snapshot, tenant, tenantStage } from './stage.ts';

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
  await eventually(async () => expect((await post('robin', operation(namespace, 'a', 'robin'))).status).toBe(201));
  expect((await post('robin', operation(namespace, 'a', 'robin', 'Reset'))).message).toContain(
    'spec.type: Reset needs update on virtualmachines/reset for "present"',
  );
  const other = { ...operation(namespace, 'a', 'robin'), spec: { vmName: 'b', requester: 'robin', type: 'Restart' } };
  expect((await post('robin', other)).message).toContain('needs update on virtualmachines/restart for "b"');
});

test('F62: who takes or rolls back to a snapshot needs a right to do so on that machine', async () => {
  const path = `/apis/berth.dev/v1alpha1/namespaces/${namespace}/vmsnapshots`;
  const take = (user: string, object: object) => stage.as({ user })('POST', `${path}?dryRun=All`, object);
  expect((await take('alice', snapshot(namespace, 'a'))).status).toBe(201);
  expect((await take('vera', snapshot(namespace, 'a'))).status).toBe(403);
  const create = ['snapper', '--verb=create', '--resource=vmsnapshots.berth.dev'];
  await stage.kubectl('-n', namespace, 'create', 'role', ...create);
  await stage.kubectl('-n', namespace, 'create', 'rolebinding', 'snapper', '--role=snapper', '--user=robin');
  await eventually(async () =>
    expect((await take('robin', snapshot(namespace, 'a'))).message).toContain(
      'a snapshot needs update on virtualmachines/snapshot for "present"',
    ),
  );
  const back = (user: string, rollback?: object) => {
    const made = operation(namespace, 'b', user, 'Rollback');
    return post(user, { ...made, spec: { ...made.spec, ...(rollback && { rollback }) } });
  };
  expect((await back('alice', { snapshotName: 'a' })).status).toBe(201);
  expect((await back('alice')).message).toContain('rollback belongs to the type Rollback, which needs it');
  expect((await back('robin', { snapshotName: 'a' })).message).toContain('needs update on virtualmachines/rollback');
});

test('an operation is never changed', async () => {
  const root = stage.as({ user: 'root', group: 'system:masters' });
  const path = `/apis/berth.dev/v1alpha1/namespaces/${namespace}/vmoperations`;
  expect((await root('POST', path, operation(namespace, 'fixed', 'root'))).status).toBe(201);
  const patch = { spec: { type: 'Reset' } };
  const answer = await root('PATCH', `${path}/fixed`, patch, 'application/merge-patch+json');
  expect(answer.message).toContain('the spec of an operation cannot be changed after creation');
});

test('F15: a protected machine is not deleted, nor is a tenant with it, until somebody takes the protection off', async () => {
  const alice = stage.as({ user: 'alice' });
  const path = `${machinesPath(namespace)}/kept`;
  await alice('POST', machinesPath(namespace), machine(namespace, 'kept', { deletionProtection: 'Enabled' }));
  const refused = 'spec.deletionProtection is Enabled: set it to Disabled to delete this machine';
  expect((await alice('DELETE', path)).message).toContain(refused);
  const root = stage.as({ user: 'root', group: 'system:masters' });
  expect((await root('DELETE', machinesPath(namespace))).message).toContain(refused);
  const off = { spec: { deletionProtection: 'Disabled' } };
  expect((await alice('PATCH', path, off, 'application/merge-patch+json')).status).toBe(200);
  expect((await alice('DELETE', path)).status).toBe(200);
});

test('F118: who adopts needs a verb that no tenant has, and begins with what removes and stops nothing', async () => {
  const adopt = (user: string, group: string | undefined, spec: object) =>
    stage.as({ user, ...(group && { group }) })(
      'POST',
      `${machinesPath(namespace)}?dryRun=All`,
      machine(namespace, 'in', { source: { adopt: { vmid: 100 } }, deletionPolicy: 'Retain', ...spec }),
    );
  expect((await adopt('alice', undefined, {})).message).toContain('needs the verb adopt');
  for (const spec of [{ deletionPolicy: 'Delete' }, { powerState: 'Stopped' }]) {
    expect((await adopt('root', 'system:masters', spec)).message).toContain('neither removes nor stops');
  }
  expect((await adopt('root', 'system:masters', { powerState: 'Unmanaged' })).status).toBe(201);
  const both = { source: { adopt: { vmid: 100 }, template: { name: 'debian' } } };
  expect((await adopt('root', 'system:masters', both)).message).toContain('exactly one of template, iso and adopt');
});
