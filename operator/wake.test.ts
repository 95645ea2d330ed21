import { expect, test } from 'vitest';
import { silentLogger } from '#kube/telemetry.ts';
import { virtualMachine } from './core/testing/fixtures.ts';
import { MachineMemory } from './effects/memory.ts';
import { createResources } from './resources.ts';
import { createQueues, createWake } from './wake.ts';

test('F136: what a list tells waits behind what a watch tells', async () => {
  const queues = createQueues();
  const memory = new MachineMemory(
    () => 0,
    () => 0,
  );
  const wake = createWake(createResources(), queues, memory, () => {}, silentLogger);
  for (const name of ['a', 'b']) wake.onMachine(`team-a/${name}`, 'updated', virtualMachine(), 'list');
  wake.onMachine('team-a/changed', 'updated', virtualMachine(), 'watch');
  expect([await queues.machines.take(), await queues.machines.take()]).toEqual(['team-a/changed', 'team-a/a']);
});
