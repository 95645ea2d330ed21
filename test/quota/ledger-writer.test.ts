import { beforeAll, expect, test } from 'vitest';
import { type VirtualMachine, type VmQuota, vmQuotas } from '#api/kinds.ts';
import { findAllocation } from '#api/ledger.ts';
import type { VmQuotaSpec } from '#api/vm-quota.ts';
import { QuotaGate } from '#operator/effects/quota-gate.ts';
import { freshNamespace } from '../control-plane/shared.ts';
import { type Installed, installed } from '../operator/installed.ts';
import { machine, quotaIn } from './stage.ts';

// Two processes of Berth on one ledger, each of which remembers what it wrote last.

let world: Installed;

beforeAll(async () => {
  world = await installed();
});

async function namespaceWith(spec: VmQuotaSpec): Promise<string> {
  const namespace = await freshNamespace(world.controlPlane, 'ledger');
  await quotaIn(world, namespace, spec);
  return namespace;
}

function seen(namespace: string, name: string): VirtualMachine {
  const { metadata, ...rest } = machine(namespace, name);
  return { ...rest, metadata: { ...metadata, uid: `uid-of-${name}`, generation: 1 } };
}

const read = (namespace: string): Promise<VmQuota> => world.kube.get<VmQuota>(vmQuotas, { namespace, name: 'default' });

/** Has a process write twice with nobody in between, after which it expects to be alone. */
async function settle(gate: QuotaGate, namespace: string): Promise<void> {
  for (const name of ['first', 'second']) {
    expect(await gate.grant(seen(namespace, name), { state: 'Bound' })).toMatchObject({ granted: true });
  }
}

test('F101: room that another process gave back is seen by one that remembers a full ledger', async () => {
  const namespace = await namespaceWith({ hard: { vms: 2 } });
  const [one, other] = [new QuotaGate(world.kube), new QuotaGate(world.kube)];
  await settle(one, namespace);
  await other.release(seen(namespace, 'first'));
  expect(await one.grant(seen(namespace, 'third'), { state: 'Bound' })).toMatchObject({ granted: true });
});

test('F101: room that another process took is not given again', async () => {
  const namespace = await namespaceWith({ hard: { vms: 3 } });
  const [one, other] = [new QuotaGate(world.kube), new QuotaGate(world.kube)];
  await settle(one, namespace);
  expect(await other.grant(seen(namespace, 'third'), { state: 'Bound' })).toMatchObject({ granted: true });
  expect(await one.grant(seen(namespace, 'fourth'), { state: 'Bound' })).toMatchObject({
    granted: false,
    message: 'exceeded VmQuota "default": vms: requested 1, used 3, hard 3; 0 would fit.',
  });
});

test('F103: a limit that was lowered since the last write holds for the next', async () => {
  const namespace = await namespaceWith({ hard: { vms: 9 } });
  const gate = new QuotaGate(world.kube);
  await settle(gate, namespace);
  await world.kube.patch(vmQuotas, { namespace, name: 'default' }, { spec: { hard: { vms: 2 } } });
  expect(await gate.grant(seen(namespace, 'third'), { state: 'Bound' })).toMatchObject({ granted: false });
  expect((await read(namespace)).status?.used?.vms).toBe(2);
});

test('a quota that was made anew is not taken for the one before', async () => {
  const namespace = await namespaceWith({ hard: { vms: 2 } });
  const gate = new QuotaGate(world.kube);
  await settle(gate, namespace);
  await world.kube.remove(vmQuotas, { namespace, name: 'default' });
  expect(await gate.grant(seen(namespace, 'third'), { state: 'Bound' })).toEqual({ granted: true });
  await quotaIn(world, namespace, { hard: { vms: 1 } });
  await settleOne(gate, namespace);
  expect((await read(namespace)).status?.used?.vms).toBe(1);
});

async function settleOne(gate: QuotaGate, namespace: string): Promise<void> {
  expect(await gate.grant(seen(namespace, 'third'), { state: 'Bound' })).toMatchObject({ granted: true });
  expect(await gate.grant(seen(namespace, 'fourth'), { state: 'Bound' })).toMatchObject({ granted: false });
}

test('a ledger with a line that is no entry grants nothing', async () => {
  const namespace = await namespaceWith({ hard: { vms: 2 } });
  const quota = await read(namespace);
  await world.kube.replaceStatus(vmQuotas, { ...quota, status: { allocations: ['half an entry'] } });
  const granting = new QuotaGate(world.kube).grant(seen(namespace, 'first'), { state: 'Bound' });
  await expect(granting).rejects.toThrow('status.allocations: "half an entry" is no entry of a ledger');
});

test('many grants at once share writes, and each is in the ledger', async () => {
  const namespace = await namespaceWith({ hard: { vms: 40 } });
  const gates = [new QuotaGate(world.kube), new QuotaGate(world.kube)];
  const names = Array.from({ length: 60 }, (_, index) => `m-${index}`);
  const views = await Promise.all(
    names.map((name, index) => gates[index % 2]?.grant(seen(namespace, name), { state: 'Bound' })),
  );
  const granted = names.filter((_, index) => views[index]?.granted);
  const { status } = await read(namespace);
  expect(granted).toHaveLength(40);
  expect(granted.filter(name => !findAllocation(status?.allocations, name))).toEqual([]);
});
