import { describe, expect, test } from 'vitest';
import type { VirtualMachine } from '#api/kinds.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import type { MachineConfig } from '../machine.ts';
import { formatMarker } from '../marker.ts';
import { clonedConfig, marker, virtualMachine } from '../testing/fixtures.ts';
import { pass, type World } from '../testing/world.ts';
import { finalizer } from './reserve.ts';

/** A machine that somebody else has made, and that runs. */
const theirs: Partial<MachineConfig> = {
  description: 'mine',
  uuid: 'uuid-9',
  tags: ['old'],
  startAtBoot: true,
  foreignKeys: ['hookscript'],
};

function worldWith(spec: Partial<VirtualMachineSpec> = {}, change: Partial<World> = {}): World {
  const source = { adopt: { vmid: 500 } };
  const bare = virtualMachine({ source, deletionPolicy: 'Retain', disks: [{ name: 'root', size: '2Gi' }], ...spec });
  const vm = { ...bare, metadata: { ...bare.metadata, finalizers: [finalizer] } };
  const machine = { node: 'n2', config: clonedConfig(theirs), power: 'Running' as const };
  const adoptee = { usable: true, node: 'n2' } as const;
  return { now: 0, vm, machine, adoptee, templateUsable: true, clusterExists: true, quorate: true, ...change };
}

/** Passes until one does nothing; answers what they did. */
function walk(world: World): string[] {
  const done: string[] = [];
  while (world.vm && done.length < 20) {
    const { decision, status } = pass(world, world.vm as VirtualMachine, { state: 'none' });
    if (decision.action) done.push(decision.action.kind);
    else if (!status) break;
  }
  return done;
}

const conditionOf = ({ vm }: World, type: string) => vm?.status?.conditions?.find(found => found.type === type);

describe('F118: adoption', () => {
  test('leaves the machine in the pool that it is in', () => {
    expect(walk(worldWith({}, { poolPrefix: 'berth-' }))).toEqual(['adopt', 'configure']);
  });

  test('takes a machine up as it is: it gets a marker and what the spec declares, and is neither stopped nor started', () => {
    const world = worldWith();
    expect(walk(world)).toEqual(['adopt', 'configure']);
    expect(world.vm?.status).toMatchObject({ vmid: 500, node: 'n2', uuid: 'uuid-9', powerState: 'Running' });
    expect(conditionOf(world, 'Provisioned')?.reason).toBe('Adopted');
    expect(conditionOf(world, 'Ready')?.status).toBe('True');
    const { description, tags, startAtBoot, foreignKeys, protection } = world.machine?.config ?? {};
    expect(description).toBe(`mine\n\n${formatMarker({ ...marker(500) })}`);
    expect({ tags, startAtBoot, foreignKeys, protection }).toEqual({
      tags: ['berth', 'old'],
      startAtBoot: true,
      foreignKeys: ['hookscript'],
      protection: true,
    });
  });

  test('of an Unmanaged machine tells how it is, and leaves it off', () => {
    const world = worldWith({ powerState: 'Unmanaged' });
    if (world.machine) world.machine.power = 'Stopped';
    expect(walk(world)).toEqual(['adopt', 'configure']);
    expect(world.vm?.status?.powerState).toBe('Stopped');
  });

  test('of what is not there, or not to be had, changes nothing and says why', () => {
    const adoptee = { usable: false, reason: 'VMIDConflict', message: 'Another VirtualMachine has VM 500.' } as const;
    const world = worldWith({}, { adoptee });
    expect(walk(world)).toEqual([]);
    expect(conditionOf(world, 'Stalled')).toMatchObject({ reason: 'VMIDConflict', message: adoptee.message });
    expect(world.machine?.config).toEqual(clonedConfig(theirs));
  });

  test('is refused also between the claim and the first write, when somebody else was faster', () => {
    const world = worldWith();
    pass(world, world.vm as VirtualMachine, { state: 'none' });
    world.adoptee = { usable: false, reason: 'VMIDConflict', message: 'Another VirtualMachine has VM 500.' };
    expect(walk(world)).toEqual([]);
    expect(conditionOf(world, 'Stalled')?.reason).toBe('VMIDConflict');
  });

  test('that is given up before the first write leaves the machine as it was; afterwards it is let go', () => {
    const early = worldWith();
    pass(early, early.vm as VirtualMachine, { state: 'none' });
    const deleted = ({ vm }: World) => Object.assign(vm?.metadata ?? {}, { deletionTimestamp: '2026-01-01T00:00:00Z' });
    deleted(early);
    expect(walk(early)).toEqual(['removeFinalizer']);
    expect(early.machine?.config).toEqual(clonedConfig(theirs));
    const late = worldWith();
    walk(late);
    deleted(late);
    expect(walk(late)).toEqual(['configure', 'removeFinalizer']);
    expect(late.machine).toMatchObject({ power: 'Running', config: { description: 'mine', tags: ['old'] } });
  });
});
