import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { vmTemplates } from '#api/kinds.ts';
import { template } from '#operator/core/testing/fixtures.ts';
import type { Person } from './as.ts';
import { allows, readRoles, rightsTable, subjectsOf } from './matrix.ts';
import {
  consoleSession,
  machine,
  machinesPath,
  operation,
  quotaIn,
  type Stage,
  snapshot,
  tenant,
  tenantStage,
} from './stage.ts';

let stage: Stage;
let own: string;
let foreign: string;

const roles = readRoles();
const people = ['berth-viewer', 'berth-user', 'berth-namespace-admin'];

beforeAll(async () => {
  stage = await tenantStage();
  own = await tenant(stage, Object.fromEntries(people.map(role => [role, `${role}-person`])));
  foreign = await tenant(stage);
  for (const namespace of [own, foreign]) {
    await quotaIn(stage, namespace, { hard: { vms: 1000 } });
    await root()('POST', machinesPath(namespace), machine(namespace, 'present'));
    await root()('POST', namespaced(namespace, 'vmoperations'), operation(namespace, 'present', 'root'));
    await root()('POST', namespaced(namespace, 'vmsnapshots'), snapshot(namespace, 'present'));
    const session = consoleSession(namespace, 'present', 'root', ['system:masters']);
    expect((await root()('POST', namespaced(namespace, 'consolesessions'), session)).status).toBe(201);
  }
  await stage.kube.create(vmTemplates, { ...template(), metadata: { name: 'catalogued' } });
});

afterAll(async () => {
  await stage.kube.remove(vmTemplates, { name: 'catalogued' });
  await stage.dismantle();
});

const root = (): Person => stage.as({ user: 'root', group: 'system:masters' });

const namespaced = (namespace: string, plural: string) => `/apis/berth.dev/v1alpha1/namespaces/${namespace}/${plural}`;

/** A real request for each verb; those that write are dry runs, which are authorised and admitted like any other. */
const requests: Record<string, (who: Person, collection: string, object: object) => ReturnType<Person>> = {
  list: (who, collection) => who('GET', collection),
  watch: (who, collection) => who('GET', `${collection}?watch=1&timeoutSeconds=1`),
  get: (who, collection) => who('GET', `${collection}/present`),
  create: (who, collection, object) => who('POST', `${collection}?dryRun=All`, object),
  patch: (who, collection) =>
    who(
      'PATCH',
      `${collection}/present?dryRun=All`,
      { metadata: { labels: { a: 'b' } } },
      'application/merge-patch+json',
    ),
  delete: (who, collection) => who('DELETE', `${collection}/present?dryRun=All`),
};

/** Refused for want of a right, and not for anything else. */
const isRefused = ({ status, message }: Awaited<ReturnType<Person>>) => status === 403 && message.includes('cannot');

describe.each([...people, 'nobody'])('F93: a person with the role %s', role => {
  const plurals = ['virtualmachines', 'vmquotas', 'vmoperations', 'vmsnapshots', 'consolesessions'];
  const verbs = Object.keys(requests);

  test.each(plurals.flatMap(plural => verbs.map(verb => [verb, plural] as const)))(
    'may %s %s where its role says so, and nowhere else',
    async (verb, plural) => {
      const who = stage.as({ user: `${role}-person` });
      const held = roles.find(({ metadata }) => metadata.name === role);
      for (const namespace of [own, foreign]) {
        const object = {
          ...machine(namespace, 'new'),
          ...(plural === 'vmquotas' && { kind: 'VmQuota', spec: { hard: { vms: 1 } } }),
          ...(plural === 'vmoperations' && operation(namespace, 'new', `${role}-person`)),
          ...(plural === 'vmsnapshots' && snapshot(namespace, 'new')),
          ...(plural === 'consolesessions' && consoleSession(namespace, 'new', `${role}-person`)),
        };
        const answer = await requests[verb]?.(who, namespaced(namespace, plural), object);
        const expected = namespace === own && held !== undefined && allows(held, plural, verb);
        expect({ namespace, refused: answer && isRefused(answer) }).toEqual({ namespace, refused: !expected });
        if (!expected) expect(JSON.stringify(answer?.body)).not.toContain('"spec"');
      }
    },
  );

  test('sees no machines of the whole cluster, no policies, no connection to Proxmox; but the catalogue', async () => {
    const who = stage.as({ user: `${role}-person` });
    for (const plural of [...plurals, 'vmpolicies', 'proxmoxclusters']) {
      expect(isRefused(await who('GET', `/apis/berth.dev/v1alpha1/${plural}`))).toBe(true);
    }
    expect((await who('GET', '/apis/berth.dev/v1alpha1/vmtemplates/catalogued')).status).toBe(200);
    expect(isRefused(await who('DELETE', '/apis/berth.dev/v1alpha1/vmtemplates/catalogued?dryRun=All'))).toBe(true);
  });

  test('writes no status, no ledger and no Secret', async () => {
    const who = stage.as({ user: `${role}-person` });
    const patch = (path: string) => who('PATCH', `${path}?dryRun=All`, { status: {} }, 'application/merge-patch+json');
    expect(isRefused(await patch(`${machinesPath(own)}/present/status`))).toBe(true);
    expect(isRefused(await patch(`${namespaced(own, 'vmquotas')}/default/status`))).toBe(true);
    expect(isRefused(await who('GET', `/api/v1/namespaces/${own}/secrets`))).toBe(true);
  });
});

test('a namespace admin takes members in, with no more rights than are meant for them', async () => {
  const who = stage.as({ user: 'berth-namespace-admin-person' });
  const bind = (role: string, namespace = own) =>
    who('POST', `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings?dryRun=All`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'new' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'erin' }],
    });
  expect((await bind('berth-user')).status).toBe(201);
  for (const role of ['berth-admin', 'admin', 'cluster-admin', 'berth-operator'])
    expect((await bind(role)).status).toBe(403);
  expect((await bind('berth-user', foreign)).status).toBe(403);
});

test('every verb and every virtual subresource is granted as the roles say', async () => {
  for (const held of roles.filter(({ metadata }) => people.includes(metadata.name))) {
    for (const { resource, verbs } of subjectsOf(roles)) {
      const [plural, subresource] = resource.split('/');
      if (plural !== 'virtualmachines') continue;
      for (const verb of verbs) {
        for (const namespace of [own, foreign]) {
          const spec = {
            user: `${held.metadata.name}-person`,
            resourceAttributes: { group: 'berth.dev', resource: plural, subresource, verb, namespace },
          };
          const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
          const { body } = await root()('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review);
          const expected = namespace === own && allows(held, resource, verb);
          expect([resource, verb, namespace, (body.status as { allowed: boolean }).allowed]).toEqual([
            resource,
            verb,
            namespace,
            expected,
          ]);
        }
      }
    }
  }
});

test('the table in the documentation is what the roles say', () => {
  expect(readFileSync('docs/tenancy.md', 'utf8')).toContain(rightsTable());
});
