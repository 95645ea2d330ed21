import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { VirtualMachine } from '#api/kinds.ts';
import { clusterStatusOf, missingPrivileges, neededPrivileges, staleClaims } from './cluster-status.ts';
import { cluster, virtualMachine } from './testing/fixtures.ts';

const now = Date.parse('2026-01-01T00:00:00Z');
const nodes = [
  { name: 'n1', online: true },
  { name: 'n2', online: true },
];
const probe = { version: '8.4.21', quorate: true, nodes, missingPrivileges: [] };
const readyOf = (found: Parameters<typeof clusterStatusOf>[1]) =>
  clusterStatusOf(cluster(), found, now).conditions?.find(({ type }) => type === 'Ready');

describe('Ready of a ProxmoxCluster', () => {
  test('when it answers, has a quorum and lets us do what we must', () => {
    expect(readyOf(probe)).toMatchObject({ status: 'True', reason: 'Connected' });
  });

  test.each([
    ['no quorum', { ...probe, quorate: false }, 'NoQuorum', 'no quorum'],
    [
      'F143: a privilege is missing',
      { version: '8.4.21', missingPrivileges: ['/vms: VM.Clone'] },
      'MissingPrivileges',
      '/vms: VM.Clone',
    ],
    ['a node is not there', { ...probe, nodes: nodes.slice(1) }, 'UnknownNode', 'no node n1'],
    ['it cannot be reached', { reason: 'Unreachable', message: 'connection refused' }, 'Unreachable', 'refused'],
  ])('not when %s', (_case, found, reason, words) => {
    const ready = readyOf(found);
    expect(ready).toMatchObject({ status: 'False', reason });
    expect(ready?.message).toContain(words);
  });

  test('what was known of it stays while it cannot be asked', () => {
    const known = { ...cluster(), status: clusterStatusOf(cluster(), probe, now) };
    const after = clusterStatusOf(known, { reason: 'Unreachable', message: 'no answer' }, now);
    expect(after).toMatchObject({ version: '8.4.21', quorate: true });
  });
});

test('F143: missing privileges are named with their path', () => {
  const needed = neededPrivileges(cluster().spec);
  const all = Object.fromEntries(
    Object.entries(needed).map(([path, privileges]) => [
      path,
      Object.fromEntries(privileges.map(name => [name, true])),
    ]),
  );
  expect(missingPrivileges(needed, all)).toEqual([]);
  expect(missingPrivileges(needed, { ...all, '/storage/shared': {} })).toEqual([
    '/storage/shared: Datastore.AllocateSpace',
  ]);
});

test('F143: the documented role has what is needed, and nothing more', () => {
  const page = readFileSync(new URL('../../docs/operations/proxmox-permissions.md', import.meta.url), 'utf8');
  const [base = [], isos = []] = Array.from(page.matchAll(/--privs "([^"]+)"/g), ([, list = '']) => list.split(' '));
  const needed = (spec: Parameters<typeof cluster>[0]) => [
    ...new Set(Object.values(neededPrivileges(cluster(spec).spec)).flat()),
  ];
  expect(base.toSorted()).toEqual(needed({ isos: [] }).toSorted());
  expect([...base, ...isos].toSorted()).toEqual(needed({}).toSorted());
});

test('F115, F143: pools of namespaces need two more, which are documented', () => {
  const page = readFileSync(new URL('../../docs/operations/proxmox-permissions.md', import.meta.url), 'utf8');
  const needed = neededPrivileges(cluster({ poolPrefix: 'berth-' }).spec)['/pool'] ?? [];
  expect(missingPrivileges({ '/pool': needed }, {})).toEqual(['/pool: Pool.Allocate', '/pool: Pool.Audit']);
  for (const privilege of needed) expect(page).toContain(`| ${privilege} | \`/pool\` |`);
});

describe('a claim is taken back', () => {
  const claim = { uid: 'u-1', namespace: 'team-a', name: 'web-1', vmid: 1000, node: 'n1', cpu: 1, memoryMiB: 1 };

  const machine = (status: object, uid = 'u-1'): VirtualMachine => {
    const vm = virtualMachine({ resources: { cpu: 2, memory: '2Gi' } });
    return { ...vm, metadata: { ...vm.metadata, uid }, status };
  };

  test('F105: a growth stays granted until the machine is charged with it, or is as it should be without it', () => {
    const createdAt = '2026-01-01T00:00:00Z';
    const complete = machine({ vmid: 1000, createdAt, allocation: { cpu: 2, memoryMiB: 2048 } });
    const ready = machine({
      vmid: 1000,
      createdAt,
      observedGeneration: 1,
      conditions: [{ type: 'Ready', status: 'True' }],
    });
    expect(staleClaims([{ ...claim, cpu: 4 }], () => complete)).toEqual([]);
    expect(staleClaims([{ ...claim, cpu: 4 }], () => ready)).toHaveLength(1);
    expect(staleClaims([{ ...claim, cpu: 2 }], () => complete)).toHaveLength(1);
    expect(staleClaims([{ ...claim, cpu: 2 }], () => machine({ vmid: 1000, createdAt }))).toEqual([]);
  });

  test.each([
    [
      'the machine is complete',
      machine({ vmid: 1000, createdAt: '2026-01-01T00:00:00Z', allocation: { cpu: 1, memoryMiB: 1 } }),
      true,
    ],
    ['the resource is gone', undefined, true],
    ['another resource has its name', machine({}, 'u-2'), true],
    ['the machine has another VMID', machine({ vmid: 1001 }), true],
    ['the machine is being made', machine({ vmid: 1000 }), false],
    ['the VMID is not in the status yet', machine({}), false],
  ])('when %s: %s', (_case, found, stale) => {
    expect(staleClaims([claim], () => found)).toHaveLength(stale ? 1 : 0);
  });
});

test('F129: what vanished is flagged, and does not make the cluster unusable', () => {
  const { conditions } = clusterStatusOf(cluster(), { ...probe, vanished: ['bridge vmbr0', 'storage shared'] }, now);
  expect(conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
  expect(conditions?.find(({ type }) => type === 'CatalogStale')).toMatchObject({
    status: 'True',
    reason: 'EntriesVanished',
    message:
      'Proxmox has no bridge vmbr0, storage shared any more. Machines that use it are left alone; ' +
      'take it out of spec, or bring it back.',
  });
  const known = { ...cluster(), status: { conditions } };
  const after = clusterStatusOf(known, { ...probe, vanished: [] }, now).conditions;
  expect(after?.find(({ type }) => type === 'CatalogStale')).toMatchObject({ status: 'False', reason: 'AllPresent' });
});
