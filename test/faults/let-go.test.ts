import { expect, test } from 'vitest';
import { type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import { expectReady, web1 } from './expectations.ts';
import { FaultWorld } from './fault-world.ts';
import { adoptee } from './seed.ts';

test('F118: a machine that another operator has let go is not marked again by one that does not know yet', async () => {
  const watch = { lagMs: 5_000, twice: 0, missing: 0 };
  const world = new FaultWorld({ plan: new Map(), durations: {}, random: () => 0.99, watch, adoptee: true });
  await world.begin();
  await world.create(web1.name, { source: { adopt: { vmid: adoptee.vmid } }, deletionPolicy: 'Retain' });
  await expectReady(world, 'was adopted');
  await world.pass(60_000);

  // A change wakes the operator, and before its watch tells of the end of the resource as well it acts on that change.
  const { kubernetes, simulator } = world;
  kubernetes.edit<VirtualMachine>(virtualMachines, web1, { description: 'Changed.' });
  const client = kubernetes.client();
  await client.patch(virtualMachines, web1, [{ op: 'replace', path: '/metadata/finalizers', value: [] }]);
  await client.remove(virtualMachines, web1);
  const config = simulator.state.vms[adoptee.vmid]?.config.current;
  if (!config) throw new Error('the machine is gone');
  const { protection: _, ...others } = config;
  const released = { ...others, description: 'Mine again.' };
  Object.assign(simulator.state.vms[adoptee.vmid]?.config ?? {}, { current: { ...released } });
  await world.pass(60_000);
  expect(simulator.state.vms[adoptee.vmid]?.config.current).toEqual(released);
  world.end();
});
