import { expect, test } from 'vitest';
import type { VirtualMachineStatus } from '#api/virtual-machine-status.ts';
import { expectReady, web1 } from '#test/faults/expectations.ts';
import { FaultWorld } from '#test/faults/fault-world.ts';
import { statusOf } from './standing.ts';

const conditionsOf = ({ conditions = [] }: VirtualMachineStatus) =>
  conditions.map(({ type, status, reason, message }) => ({ type, status, reason, message }));

test('machines that stand before a benchmark say what the operator says of those that it made', async () => {
  const watch = { lagMs: 0, twice: 0, missing: 0 };
  const world = new FaultWorld({ plan: new Map(), durations: {}, random: () => 0.5, watch });
  await world.begin();
  await world.create(web1.name);
  await expectReady(world, 'was made');
  await world.pass(3_600_000);
  world.end();
  const made = world.machine(web1.name)?.status ?? {};
  const standing = statusOf(1, 'uuid');
  expect(conditionsOf(standing)).toEqual(conditionsOf(made));
  expect(Object.keys(standing).sort()).toEqual(Object.keys(made).sort());
});
