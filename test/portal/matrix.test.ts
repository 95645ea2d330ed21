import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ProxmoxCluster, proxmoxClusters, type VirtualMachine, virtualMachines, vmSnapshots } from '#api/kinds.ts';
import { connect } from '#kube/connection.ts';
import type { KubeError } from '#kube/errors.ts';
import { withHeaders } from '#kube/headers.ts';
import { cluster } from '#operator/core/testing/fixtures.ts';
import type { Browser } from '#portal/server/testing/browser.ts';
import { eventually } from '../eventually.ts';
import { machine, snapshot } from '../quota/stage.ts';
import { answerConsoles, type PortalStage, portalStage } from './stage.ts';

type Who = 'nobody' | 'ada' | 'vera' | 'grace' | 'sam' | 'linus';

/** What one may do with a machine: everything, look, look at this one only, nothing; or one is not signed in. */
type Rights = 'use' | 'view' | 'glimpse' | 'none' | 'out';

interface Route {
  method: string;
  /** Below the machine's path, or the namespace's. */
  path: string;
  body?: object;
  /** Status by rights. Without them it is 404, and signed out 401: that is no matter of the route. */
  wanted: Record<'use' | 'view' | 'glimpse', number>;
}

const challenge = 'A'.repeat(43);

/** Every route about a machine. A deletion names another UID, so that it is refused where it is allowed. */
const routes: Route[] = [
  { method: 'GET', path: '/machines/NAME', wanted: { use: 200, view: 200, glimpse: 200 } },
  {
    method: 'PATCH',
    path: '/machines/NAME',
    body: { spec: { description: 'x' } },
    wanted: { use: 200, view: 403, glimpse: 403 },
  },
  { method: 'DELETE', path: '/machines/NAME', body: { uid: 'other' }, wanted: { use: 409, view: 403, glimpse: 403 } },
  { method: 'GET', path: '/machines/NAME/events', wanted: { use: 200, view: 200, glimpse: 200 } },
  { method: 'GET', path: '/machines/NAME/metrics', wanted: { use: 200, view: 200, glimpse: 403 } },
  { method: 'GET', path: '/machines/NAME/operations', wanted: { use: 200, view: 200, glimpse: 200 } },
  {
    method: 'POST',
    path: '/machines/NAME/operations',
    body: { type: 'Restart' },
    wanted: { use: 201, view: 403, glimpse: 403 },
  },
  {
    method: 'POST',
    path: '/machines/NAME/operations',
    body: { type: 'Rollback', rollback: { snapshotName: 'any' } },
    wanted: { use: 201, view: 403, glimpse: 403 },
  },
  { method: 'GET', path: '/machines/NAME/snapshots', wanted: { use: 200, view: 200, glimpse: 200 } },
  {
    method: 'POST',
    path: '/machines/NAME/snapshots',
    body: { memory: 'Exclude' },
    wanted: { use: 201, view: 403, glimpse: 403 },
  },
  {
    method: 'DELETE',
    path: '/machines/NAME/snapshots/of-NAME',
    body: { uid: 'other' },
    wanted: { use: 409, view: 403, glimpse: 404 },
  },
  {
    method: 'POST',
    path: '/machines/NAME/console',
    body: { type: 'VNC', mode: 'Interactive', challenge },
    wanted: { use: 201, view: 403, glimpse: 403 },
  },
];

let stage: PortalStage;
const browsers = new Map<Who, Browser>();
let stopAnswering: (() => Promise<void>) | undefined;

beforeAll(async () => {
  stage = await portalStage();
  await stage.start({ metrics: { read: async () => ({ points: [] }) } });
  const { teamA, teamB, kube } = stage;
  for (const [namespace, name] of [
    [teamA, 'one'],
    [teamA, 'two'],
    [teamB, 'three'],
  ] as const) {
    await kube.create(virtualMachines, machine(namespace, name));
    await kube.create(vmSnapshots, snapshot(namespace, `of-${name}`, name));
  }
  await stage.share('one');
  for (const who of ['ada', 'vera', 'grace', 'sam', 'linus'] as const) browsers.set(who, await stage.signedIn(who));
  browsers.set('nobody', stage.browser());
  stopAnswering = answerConsoles(stage);
  // Other tests may have left machines in the same control plane, and an administrator sees them all.
  const hasAll = ({ items }: { items: VirtualMachine[] }) =>
    ['one', 'two', 'three'].every(name =>
      items.some(({ metadata }) => metadata.name === name && [teamA, teamB].includes(metadata.namespace ?? '')),
    );
  await eventually(async () => expect((await api('linus', 'GET', '/machines')).json).toSatisfy(hasAll));
  for (const name of ['one', 'two']) {
    const path = `/namespaces/${teamA}/machines/${name}/snapshots`;
    await eventually(async () => expect((await api('ada', 'GET', path)).json.items).toHaveLength(1));
  }
});

afterAll(async () => {
  await stopAnswering?.();
  await stage?.unshare();
  await stage?.close();
});

const api = (who: Who, method: string, path: string, body?: object) =>
  (browsers.get(who) as Browser).api(`/api/v1${path}`, { method, ...(body && { body }) });

const inTeamA: Record<Who, { one: Rights; two: Rights }> = {
  nobody: { one: 'out', two: 'out' },
  ada: { one: 'use', two: 'use' },
  vera: { one: 'view', two: 'view' },
  grace: { one: 'none', two: 'none' },
  sam: { one: 'glimpse', two: 'none' },
  linus: { one: 'use', two: 'use' },
};

const statusFor = ({ wanted }: Route, rights: Rights): number =>
  rights === 'out' ? 401 : rights === 'none' ? 404 : wanted[rights];

describe('F93, D1: each route, for each person, of each machine', () => {
  const cases = Object.entries(inTeamA).flatMap(([who, machines]) =>
    Object.entries(machines).flatMap(([name, rights]) =>
      routes.map(route => ({ who: who as Who, name, rights, route })),
    ),
  );

  test.each(cases)('$route.method $route.path as $who, who may $rights $name', async ({ who, name, rights, route }) => {
    const path = `/namespaces/${stage.teamA}${route.path.replaceAll('NAME', name)}`;
    const answer = await api(who, route.method, path, route.body);
    expect(answer.status, answer.text).toBe(statusFor(route, rights));
    if (rights !== 'none') return;
    // What is foreign answers in the words of what does not exist.
    for (const other of [`/namespaces/${stage.teamA}`, '/namespaces/nowhere']) {
      const nothing = await api(who, route.method, `${other}${route.path.replaceAll('NAME', 'nothing')}`, route.body);
      expect({ ...nothing.json.error, requestId: '' }).toEqual({ ...answer.json.error, requestId: '' });
    }
  });

  test.each<[Who, number]>([
    ['nobody', 401],
    ['ada', 201],
    ['vera', 403],
    ['grace', 404],
    ['sam', 403],
    ['linus', 201],
  ])('POST /machines as %s', async (who, status) => {
    const { spec } = machine(stage.teamA, 'new');
    const body = { metadata: { name: 'new' }, spec };
    const answer = await api(who, 'POST', `/namespaces/${stage.teamA}/machines?dryRun=All`, body);
    expect(answer.status, answer.text).toBe(status);
    expect((await api(who, 'POST', '/namespaces/nowhere/machines', body)).status).toBe(who === 'nobody' ? 401 : 404);
  });

  test.each<[Who, string[]]>([
    ['ada', ['one', 'two']],
    ['vera', ['one', 'two']],
    ['grace', ['three']],
    ['sam', ['one']],
    ['linus', ['one', 'three', 'two']],
  ])('lists and streams show %s %j alone', async (who, names) => {
    const ours = ({ metadata }: VirtualMachine) => [stage.teamA, stage.teamB].includes(metadata.namespace ?? '');
    const namesOf = (machines: VirtualMachine[]) =>
      machines
        .filter(each => who !== 'linus' || ours(each))
        .map(({ metadata }) => metadata.name)
        .sort();
    expect(namesOf((await api(who, 'GET', '/machines')).json.items)).toEqual(names);
    const stream = await (browsers.get(who) as Browser).stream('/api/v1/stream');
    await expect.poll(() => namesOf(stream.events[0]?.data.machines ?? [])).toEqual(names);
    stream.close();
  });

  describe('F112: ISO images', () => {
    const name = 'matrix-images';
    const volume = 'local:iso/debian-12.iso';
    const approve = (who: Who, as: string | null) => api(who, 'PUT', `/clusters/${name}/isos`, { volume, name: as });
    const approved = async () => (await stage.kube.get<ProxmoxCluster>(proxmoxClusters, { name })).spec.isos;

    beforeAll(async () => {
      const { spec } = cluster({ isos: [], default: 'Disabled' });
      await stage.kube.create(proxmoxClusters, { metadata: { name }, spec });
      const status = { isos: [{ volume, sizeMiB: 670, nodes: ['n1'] }] };
      await stage.kube.applyStatus(proxmoxClusters, { metadata: { name }, status }, { fieldManager: 'test' });
      await eventually(async () => expect((await api('linus', 'GET', '/isos')).text).toContain(volume));
    });
    afterAll(() => stage.kube.remove(proxmoxClusters, { name }));

    test.each<[Who, number]>([
      ['nobody', 401],
      ['ada', 404],
      ['vera', 404],
      ['grace', 404],
      ['sam', 404],
    ])('are neither listed nor approved for %s', async (who, status) => {
      expect((await api(who, 'GET', '/isos')).status).toBe(status);
      expect((await approve(who, 'debian-12')).status).toBe(status);
      expect(await approved()).toEqual([]);
    });

    test('are approved for an administrator, and withdrawn, and the resource says by whom', async () => {
      expect((await approve('linus', 'debian-12')).status).toBe(204);
      const { metadata, spec } = await stage.kube.get<ProxmoxCluster>(proxmoxClusters, { name });
      expect(spec.isos).toEqual([{ name: 'debian-12', volume }]);
      expect(metadata.annotations).toMatchObject({ 'berth.dev/isos-changed-by': 'oidc:linus' });
      expect((await approve('linus', 'Not A Name')).status).toBe(422);
      expect((await api('linus', 'PUT', '/clusters/nowhere/isos', { volume, name: 'a' })).status).toBe(404);
      expect((await approve('linus', null)).status).toBe(204);
      expect(await approved()).toEqual([]);
    });

    test.each<[what: string, as: Record<string, string>, spec: object, status: number]>([
      ['approves images with its own rights', {}, { isos: [{ name: 'a', volume }] }, 200],
      ['says nothing of how Proxmox is reached', {}, { endpoints: ['https://evil.test'] }, 403],
      ['nor adds what was not said', {}, { consoleCredentialsSecretRef: { name: 'a', namespace: 'b' } }, 403],
      ['nor takes away what was', {}, { tags: null }, 403],
      ['and neither as an administrator', { 'impersonate-user': 'oidc:linus' }, { isos: [] }, 403],
    ])("whoever has taken the portal's token %s", async (_what, as, spec, wanted) => {
      const config = new KubeConfig();
      const file = join(tmpdir(), `berth-images-${process.pid}`);
      config.loadFromFile(await stage.controlPlane.serviceAccountKubeconfig('berth-system', 'berth-portal', file));
      const connection = connect(config);
      const path = `/apis/berth.dev/v1alpha1/proxmoxclusters/${name}`;
      const query = { dryRun: 'All' };
      const contentType = 'application/merge-patch+json';
      const status = await withHeaders(connection, as)
        .request({ method: 'PATCH', path, query, body: { spec }, contentType })
        .then(
          () => 200,
          (error: KubeError) => error.status,
        );
      await connection.close();
      await rm(file);
      expect(status).toBe(wanted);
    });
  });

  test('F93: a snapshot is found with its own machine only, and told of to whoever may see it', async () => {
    const of = (name: string, snapshot: string) => `/namespaces/${stage.teamA}/machines/${name}/snapshots${snapshot}`;
    expect((await api('ada', 'DELETE', of('one', '/of-two'), { uid: 'other' })).status).toBe(404);
    expect((await api('sam', 'GET', of('one', ''))).json.items).toEqual([]);
    const { items } = (await api('vera', 'GET', of('one', ''))).json;
    expect(items.at(-1)).toMatchObject({ metadata: { name: 'of-one' }, spec: { vmName: 'one' } });
  });

  test('what needs no object needs a sign-in all the same, but for the version', async () => {
    for (const path of ['/session', '/catalogue', '/isos', '/machines', '/quotas', '/stream', '/kubeconfig']) {
      expect((await api('nobody', 'GET', path)).status, path).toBe(401);
    }
    expect((await api('nobody', 'PUT', '/profile', { language: 'fr' })).status).toBe(401);
    expect((await api('nobody', 'GET', '/version')).status).toBe(200);
  });

  test('F06, F07: roles are what Kubernetes lets people do', async () => {
    const roles = { ada: 'Employee', grace: 'Employee', vera: 'Viewer', sam: 'Viewer', linus: 'Admin' } as const;
    for (const [who, role] of Object.entries(roles)) {
      expect((await api(who as Who, 'GET', '/session')).json.role, who).toBe(role);
    }
    const { tenants } = (await api('vera', 'GET', '/session')).json;
    expect(tenants).toEqual([
      {
        name: stage.teamA,
        displayName: stage.teamA,
        can: { create: false, update: false, delete: false, console: false, restart: false },
      },
    ]);
  });

  test('only a machine with the UID that was confirmed is deleted', async () => {
    const { metadata } = await stage.kube.create(virtualMachines, machine(stage.teamA, 'doomed'));
    const path = `/namespaces/${stage.teamA}/machines/doomed`;
    expect((await api('ada', 'DELETE', path, { uid: 'other' })).status).toBe(409);
    expect((await api('ada', 'DELETE', path, { uid: metadata.uid })).status).toBe(202);
  });
});

describe("whoever has taken the portal's token", () => {
  const admin = { 'impersonate-user': 'oidc:linus', 'impersonate-group': ['oidc:berth-admins'] };
  const masters = { 'impersonate-user': 'oidc:linus', 'impersonate-group': ['system:masters'] };
  const operator = { 'impersonate-user': 'system:serviceaccount:berth-system:berth-operator' };
  const node = { 'impersonate-user': 'system:node:a' };
  const machines = () => `/apis/berth.dev/v1alpha1/namespaces/${stage.teamB}/virtualmachines`;
  const rbac = () => `/apis/rbac.authorization.k8s.io/v1/namespaces/${stage.teamB}/rolebindings`;
  const secrets = () => `/api/v1/namespaces/berth-system/secrets`;

  test.each<
    [
      does: string,
      as: Record<string, string | string[]>,
      method: 'GET' | 'POST' | 'DELETE',
      path: () => string,
      status: number,
    ]
  >([
    ['reads machines with its own rights', {}, 'GET', machines, 200],
    ['makes none with them', {}, 'POST', machines, 403],
    ['reads no Secret', {}, 'GET', secrets, 403],
    ['makes machines as anybody who may: that is what it is for', admin, 'POST', machines, 201],
    ['reads no Secret as anybody', admin, 'GET', secrets, 403],
    ['lists no machines as an administrator', admin, 'GET', machines, 403],
    ['gives nobody a role', admin, 'POST', rbac, 403],
    ['reads no pods', admin, 'GET', () => '/api/v1/pods', 403],
    [
      'changes no quota',
      admin,
      'DELETE',
      () => `/apis/berth.dev/v1alpha1/namespaces/${stage.teamB}/vmquotas/default`,
      403,
    ],
    ['reaches no connection to Proxmox', admin, 'DELETE', () => '/apis/berth.dev/v1alpha1/proxmoxclusters/lab', 403],
    ['is not in system:masters', masters, 'POST', machines, 403],
    ['is no ServiceAccount', operator, 'POST', machines, 403],
    ['is no node', node, 'POST', machines, 403],
  ])('%s', async (_, as, method, path, wanted) => {
    const file = join(tmpdir(), `berth-taken-${process.pid}`);
    const config = new KubeConfig();
    config.loadFromFile(await stage.controlPlane.serviceAccountKubeconfig('berth-system', 'berth-portal', file));
    const connection = connect(config);
    const body = method === 'POST' ? machine(stage.teamB, 'taken') : undefined;
    const query = method === 'GET' ? {} : { dryRun: 'All' };
    const status = await withHeaders(connection, as)
      .request({ method, path: path(), query, ...(body && { body }) })
      .then(
        () => (method === 'POST' ? 201 : 200),
        (error: KubeError) => error.status,
      );
    await connection.close();
    await rm(file);
    expect(status).toBe(wanted);
  });
});
