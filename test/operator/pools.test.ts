import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ProxmoxCluster, proxmoxClusters } from '#api/kinds.ts';
import { namespaces } from '#kube/builtin.ts';
import { poolComment } from '#operator/core/pool.ts';
import { freshNamespace } from '../control-plane/shared.ts';
import { eventually } from '../eventually.ts';
import { createMachine, readMachine } from '../quota/machines.ts';
import { conditionOf, type MachineLab, machineLab } from './machine-lab.ts';

let lab: MachineLab;

beforeAll(async () => {
  lab = await machineLab();
});

afterAll(() => lab.close());

const pools = () => lab.proxmox.simulator.state.pools;

/** One that rests is made, and removed, in less time. */
const off = { powerState: 'Stopped' } as const;

/** Any change of the spec has the cluster looked at anew, which is done every 30 s anyway. */
let sweepSeconds = 600;
const change = (spec: object = {}) => {
  sweepSeconds += 1;
  return lab.kube.patch<ProxmoxCluster>(proxmoxClusters, { name: 'lab' }, { spec: { sweepSeconds, ...spec } });
};

const readyOfCluster = async () =>
  conditionOf(await lab.kube.get<ProxmoxCluster>(proxmoxClusters, { name: 'lab' }), 'Ready');

test('F115: without a poolPrefix there are no pools', async () => {
  await lab.create('before', off);
  await lab.ready('before');
  expect(pools()).toEqual({});
});

test('F115: the machines of a namespace are in a pool of their own, which Berth makes once', async () => {
  await change({ poolPrefix: 'tenant-' });
  await Promise.all(['a', 'b', 'c'].map(name => lab.create(name, off)));
  const made = await Promise.all(['a', 'b', 'c'].map(lab.ready));
  const { metadata } = await lab.kube.get(namespaces, { name: 'kube-system' });
  const vmids = made.map(({ status }) => status?.vmid ?? 0).sort();
  const pool = pools()[`tenant-${lab.namespace}`];
  expect(Object.keys(pools())).toEqual([`tenant-${lab.namespace}`]);
  expect(pool).toMatchObject({ comment: poolComment(metadata.uid ?? '', lab.namespace) });
  expect(pool?.vms.toSorted()).toEqual(vmids);
});

test('F115: one that somebody has removed is made again', async () => {
  const pool = `tenant-${lab.namespace}`;
  lab.proxmox.simulator.state.pools = {};
  await lab.create('d', off);
  const { status } = await lab.ready('d');
  expect(pools()[pool]?.vms).toEqual([status?.vmid]);
});

test('F115, F143: a token that may make no pool says so at the cluster and at the machine, and goes on once it may', async () => {
  const { access } = lab.proxmox.simulator.state;
  const held = access.roles.BerthOperator ?? [];
  access.roles.BerthOperator = held.filter(privilege => privilege !== 'Pool.Allocate');
  await change();
  await eventually(async () =>
    expect(await readyOfCluster()).toMatchObject({
      status: 'False',
      reason: 'MissingPrivileges',
      message: expect.stringContaining('/pool: Pool.Allocate'),
    }),
  );
  const namespace = await freshNamespace(lab.controlPlane, 'pool');
  await createMachine(lab, namespace, 'first');
  await eventually(async () => {
    const provisioned = conditionOf(await readMachine(lab, namespace, 'first'), 'Provisioned');
    expect(provisioned).toMatchObject({ status: 'False', reason: 'PermissionDenied' });
    expect(provisioned?.message).toContain(`/pool/tenant-${namespace}, Pool.Allocate`);
  });
  // Those whose pool is there need no more than before.
  await lab.create('e', off);
  await lab.ready('e');
  access.roles.BerthOperator = held;
  await change();
  await eventually(async () => expect((await readMachine(lab, namespace, 'first')).status?.createdAt).toBeDefined());

  // A tenant's end: the pool goes with the namespace, but not while something of somebody else is in it.
  let removals = 0;
  lab.proxmox.intercept = (request, answer) => {
    if (request.method === 'DELETE' && request.target.startsWith('/api2/json/pools')) removals += 1;
    return answer();
  };
  const pool = pools()[`tenant-${namespace}`];
  pool?.vms.push(100);
  await lab.kubectl('delete', 'namespace', namespace, '--timeout=240s');
  await change();
  await eventually(() => expect(removals).toBeGreaterThan(0));
  await eventually(async () => expect(await readyOfCluster()).toMatchObject({ status: 'True' }));
  expect(pools()[`tenant-${namespace}`]?.vms).toEqual([100]);
  lab.proxmox.simulator.state.pools = {
    ...pools(),
    [`tenant-${namespace}`]: { vms: [], storages: [], comment: pool?.comment },
  };
  await change();
  await eventually(() => expect(Object.keys(pools())).toEqual([`tenant-${lab.namespace}`]));
});
