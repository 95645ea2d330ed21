import { virtualMachines } from '#api/kinds.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import { parseMarker } from '#operator/core/marker.ts';
import { expectDone, expectNoCallTwice, expectReady, expectThat, expectTimes, web1 } from './expectations.ts';
import type { FaultWorld } from './fault-world.ts';
import { Violation } from './invariants.ts';
import { adoptee } from './seed.ts';

/** How soon a change is carried out while a guest's agent hangs: far sooner than its deadline is over. */
const undisturbedMs = 5_000;

/** A machine that was there before is adopted, restarted, reset and changed, says what its guest is, and is let go. */
export async function adoptAndKeep(world: FaultWorld, operators: number): Promise<void> {
  await adopt(world, 'Retain');
  await expectThat(world, () => world.machine(web1.name)?.status?.addresses !== undefined, 'told its addresses');
  for (const type of ['Restart', 'Reset'] as const) {
    await world.operate(web1.name, type);
    await expectDone(world, type);
  }
  describe(world);
  await expectReady(world, 'was changed');
  expectTimes(world, { qmreboot: 1, qmreset: 1 });
  await letGo(world);
  if (operators === 1) expectNoCallTwice(world, { qmreboot: 1, qmreset: 1, qmshutdown: 0, qmstop: 0, qmdestroy: 0 });
}

/** The same while its guest's agent does not answer: nothing else waits for that. */
export async function adoptWithSilentAgent(world: FaultWorld): Promise<void> {
  await adopt(world, 'Retain');
  await world.until(() => world.counter.struck > 0, 60_000);
  describe(world);
  await expectReady(world, 'was changed while its agent hangs', undisturbedMs);
  await letGo(world);
}

/** One that goes with its resource, in the middle of a restart. */
export async function adoptAndSpend(world: FaultWorld): Promise<void> {
  await adopt(world, 'Delete');
  await world.operate(web1.name, 'Restart');
  await world.until(() => world.operations().some(({ status }) => status?.startedAt !== undefined), 60_000);
  await world.kubernetes.client().remove(virtualMachines, web1);
  await expectThat(world, () => world.machine(web1.name) === undefined, 'is gone');
  await expectThat(world, () => world.operations().length === 0, 'was rid of its operation');
  if (world.simulator.state.vms[adoptee.vmid]) throw new Violation('I2: the machine was to go with its resource');
}

async function adopt(world: FaultWorld, deletionPolicy: VirtualMachineSpec['deletionPolicy']): Promise<void> {
  const source = { adopt: { vmid: adoptee.vmid } };
  await world.create(web1.name, { source, deletionPolicy, guestAgent: 'Enabled' });
  await expectReady(world, 'was adopted');
}

const describe = (world: FaultWorld): void =>
  world.kubernetes.edit<{ metadata: { name: string }; spec: VirtualMachineSpec }>(virtualMachines, web1, {
    description: 'Described anew.',
  });

/** The resource goes; the machine runs on, as one of somebody else's that nothing may happen to any more. */
async function letGo(world: FaultWorld): Promise<void> {
  await world.kubernetes.client().remove(virtualMachines, web1);
  await expectThat(world, () => world.machine(web1.name) === undefined, 'was let go');
  const { config, run } = world.simulator.state.vms[adoptee.vmid] ?? {};
  if (run?.status !== 'running') throw new Violation('I14: a machine that was let go does not run any more');
  const { description = '', protection } = config?.current ?? {};
  if (parseMarker(description) || protection) throw new Violation('I14: a machine that was let go is still marked');
  world.invariants.addStranger(adoptee.vmid);
}
