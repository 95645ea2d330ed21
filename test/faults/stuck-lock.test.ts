import { expect, test } from 'vitest';
import { virtualMachines } from '#api/kinds.ts';
import type { FaultKind } from './fault.ts';
import { FaultWorld } from './fault-world.ts';

const isReady = (world: FaultWorld) =>
  world.machine('web-1')?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ??
  false;

/** The number of the call that posts the first clone, in a run where nothing goes wrong. */
async function firstClone(): Promise<number> {
  const world = worldWith(new Map());
  await world.begin();
  await world.create('web-1');
  await world.until(() => isReady(world), 120_000);
  world.end();
  return world.counter.calls.findIndex(call => call.endsWith('/clone'));
}

const worldWith = (plan: Map<number, FaultKind>) =>
  new FaultWorld({
    plan,
    durations: { copy: { ms: 5_000 } },
    random: () => 0.5,
    watch: { lagMs: 0, twice: 0, missing: 0 },
  });

test('F14: a clone whose worker was killed is given up, made anew, and swept up once it is unlocked', async () => {
  const world = worldWith(new Map([[await firstClone(), 'workerKilled']]));
  await world.begin();
  await world.create('web-1');
  expect(await world.until(() => isReady(world), 300_000)).toBe(true);
  expect([...world.invariants.abandoned]).toEqual([1001]);
  expect(world.machine('web-1')?.status?.vmid).toBe(1002);
  expect(world.simulator.state.vms[1001]?.config.current.lock).toBe('clone');

  await world.pass(120_000);
  expect([...world.invariants.abandoned]).toEqual([1001]);

  world.unlockAbandoned();
  expect(await world.until(() => world.invariants.abandoned.size === 0, 300_000)).toBe(true);
  expect(world.simulator.state.vms[1001]).toBeUndefined();

  await world.kubernetes.client().remove(virtualMachines, { namespace: 'team-a', name: 'web-1' });
  expect(await world.until(() => world.machine('web-1') === undefined, 300_000)).toBe(true);
  expect(world.invariants.leaks()).toEqual([]);
  world.end();
});

test('what somebody else put under an abandoned VMID is left alone', async () => {
  const world = worldWith(new Map([[await firstClone(), 'workerKilled']]));
  await world.begin();
  await world.create('web-1');
  await world.until(() => isReady(world), 300_000);
  const leftover = world.simulator.state.vms[1001];
  if (leftover) leftover.config.current = { name: 'theirs', description: 'a stranger', memory: '512' };
  await world.pass(180_000);
  expect(world.simulator.state.vms[1001]?.config.current).toMatchObject({ name: 'theirs' });
  expect([...world.invariants.abandoned]).toEqual([1001]);
  world.end();
});
