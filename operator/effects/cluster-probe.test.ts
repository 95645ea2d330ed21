import { afterEach, beforeEach, expect, test } from 'vitest';
import { createProxmoxClient, type ProxmoxClient } from '#proxmox/client.ts';
import { data, failure, startServer, type TestServer, trusted } from '#proxmox/testing/server.ts';
import { createTransport, type HttpTransport } from '#proxmox/transport.ts';
import { neededPrivileges } from '../core/cluster-status.ts';
import { cluster } from '../core/testing/fixtures.ts';
import { createClusterProbe } from './cluster-probe.ts';

let server: TestServer;
let transport: HttpTransport;
let client: ProxmoxClient;
let held: Record<string, Record<string, number>>;
let now: number;
let nodes: { name: string; online: number }[];
let bridges: string[];
let images: string[];
/** Whether the token may look into the storage of ISO images. */
let mayList: boolean;

const everything = Object.fromEntries(
  Object.entries(neededPrivileges(cluster().spec)).map(([path, names]) => [
    path,
    Object.fromEntries(names.map(name => [name, 1])),
  ]),
);

const asked = (path: string) => server.requests.filter(({ target }) => target.startsWith(`/api2/json/${path}`)).length;

beforeEach(async () => {
  held = everything;
  now = 0;
  nodes = [
    { name: 'n1', online: 1 },
    { name: 'n2', online: 1 },
  ];
  bridges = ['vmbr0'];
  images = ['local:iso/debian-12.iso', 'local:iso/other.iso'];
  mayList = true;
  server = await startServer((request, ...rest) => {
    const { pathname, searchParams } = new URL(request.target, server.origin);
    const path = searchParams.get('path') ?? '';
    const answers: Record<string, unknown> = {
      '/api2/json/version': { version: '9.2.3', release: '9.2', repoid: 'abc' },
      '/api2/json/access/permissions': { [path]: held[path] ?? {} },
      '/api2/json/cluster/status': [
        { type: 'cluster', id: 'cluster', name: 'lab', quorate: 1, nodes: 1, version: 1 },
        ...nodes.map(({ name, online }) => ({ type: 'node', id: `node/${name}`, name, online })),
      ],
      '/api2/json/nodes/n1/storage': [{ storage: 'shared', type: 'rbd', content: 'images', active: 1 }],
      '/api2/json/nodes/n2/storage': [{ storage: 'local', type: 'dir', content: 'iso,vztmpl', active: 1, enabled: 1 }],
      '/api2/json/nodes/n2/storage/local/content': images.map(volid => ({
        volid,
        content: 'iso',
        size: 700 * 2 ** 20,
      })),
      '/api2/json/nodes/n1/network': [],
      '/api2/json/nodes/n2/network': bridges.map(iface => ({ iface, type: 'bridge', active: 1 })),
    };
    if (pathname.endsWith('/content') && !mayList) failure(403, 'Permission check failed')(request, ...rest);
    else data(answers[pathname])(request, ...rest);
  });
  const token = () => 'berth@pve!operator=secret';
  transport = createTransport({ endpoints: [server.origin], token, tls: { caBundle: trusted.pem } });
  client = createProxmoxClient(transport);
});

afterEach(async () => {
  await transport[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

test('the quorum is asked for each time, version and privileges after five minutes', async () => {
  const probe = createClusterProbe(() => now);
  for (const at of [0, 30_000, 299_000, 301_000]) {
    now = at;
    expect(await probe(client, cluster())).toMatchObject({ version: '9.2.3', quorate: true, missingPrivileges: [] });
  }
  expect([asked('version'), asked('cluster/status')]).toEqual([2, 4]);
});

test('privileges that lack are asked for each time, so that a mended role is seen soon', async () => {
  const probe = createClusterProbe(() => now);
  held = { ...everything, '/vms': {} };
  expect((await probe(client, cluster())).missingPrivileges).toContain('/vms: VM.Audit');
  held = everything;
  expect((await probe(client, cluster())).missingPrivileges).toEqual([]);
});

test('a spec that has changed is held against the privileges at once', async () => {
  const probe = createClusterProbe(() => now);
  await probe(client, cluster());
  const changed = { ...cluster({ storages: [{ name: 'other' }] }), metadata: { name: 'lab', generation: 2 } };
  expect((await probe(client, changed)).missingPrivileges).toEqual(['/storage/other: Datastore.AllocateSpace']);
});

test('F129: approved entries that Proxmox has on none of its nodes are told of, within five minutes', async () => {
  const probe = createClusterProbe(() => now);
  expect((await probe(client, cluster())).vanished).toEqual([]);
  bridges = [];
  expect((await probe(client, cluster())).vanished).toEqual([]);
  now = 301_000;
  expect((await probe(client, cluster())).vanished).toEqual(['bridge vmbr0']);
  const added = {
    ...cluster({ storages: [{ name: 'shared' }, { name: 'gone' }] }),
    metadata: { name: 'lab', generation: 2 },
  };
  held = { ...everything, '/storage/gone': { 'Datastore.AllocateSpace': 1 } };
  expect((await probe(client, added)).vanished).toEqual(['storage gone', 'bridge vmbr0']);
});

test('F112, F129: ISO images are listed with their size and nodes, and an approved one that vanished is told of', async () => {
  const probe = createClusterProbe(() => now);
  const { isos, vanished } = await probe(client, cluster());
  expect(isos).toEqual(images.map(volume => ({ volume, sizeMiB: 700, nodes: ['n2'] })));
  expect(vanished).toEqual([]);
  images = ['local:iso/other.iso'];
  now = 301_000;
  expect((await probe(client, cluster())).vanished).toEqual(['ISO debian-12 (local:iso/debian-12.iso)']);
});

test('F129: an ISO image is not taken for gone where its storage does not tell', async () => {
  mayList = false;
  const probe = createClusterProbe(() => now);
  expect(await probe(client, cluster())).toMatchObject({ isos: [], vanished: [] });
  mayList = true;
  now += 61_000;
  expect((await probe(client, cluster())).isos).toHaveLength(images.length);
});

test('F129: nothing is told of while a node is offline, which alone may have it', async () => {
  bridges = [];
  nodes = [
    { name: 'n1', online: 1 },
    { name: 'n2', online: 0 },
  ];
  expect((await createClusterProbe(() => now)(client, cluster())).vanished).toBeUndefined();
});
