import { describe, expect, test } from 'vitest';
import type { VirtualMachine, VmOperation } from '#api/kinds.ts';
import { formatMarker } from '../marker.ts';
import type { TaskView } from '../observed.ts';
import { begun } from '../operation.ts';
import { clonedConfig, marker, virtualMachine } from '../testing/fixtures.ts';
import { endTask, pass, type World } from '../testing/world.ts';
import { finalizer } from './reserve.ts';

const createdAt = '2026-01-01T00:00:00Z';
const now = Date.parse(createdAt) + 60_000;

const provisioned = {
  type: 'Provisioned',
  status: 'True',
  reason: 'Cloned',
  message: '',
  lastTransitionTime: createdAt,
} as const;

const operation = (change: Partial<VmOperation['spec']> = {}): VmOperation => ({
  metadata: { name: 'op', namespace: 'team-a', uid: 'o-1', generation: 1, creationTimestamp: createdAt },
  spec: {
    vmName: 'web-1',
    requester: 'alice',
    type: 'Restart',
    deadlineSeconds: 1800,
    ttlSecondsAfterFinished: 60,
    ...change,
  },
});

function worldWith(asked: VmOperation, change: Partial<World> = {}, spec: Partial<VirtualMachine['spec']> = {}): World {
  const bare = virtualMachine(spec);
  const metadata = { ...bare.metadata, finalizers: [finalizer] };
  const vm = {
    ...bare,
    metadata,
    status: { vmid: 1000, node: 'n1', uuid: 'uuid-1', createdAt, conditions: [provisioned] },
  };
  const machine = { node: 'n1', config: clonedConfig(), power: 'Running' as const };
  return {
    now,
    vm,
    machine,
    operation: asked,
    templateUsable: true,
    clusterExists: true,
    quorate: true,
    ...change,
  };
}

/** A pass, and what it did. */
function step(world: World, task: TaskView = { state: 'none' }) {
  world.now += 1_000;
  const { decision } = pass(world, world.vm as VirtualMachine, task);
  return decision.action?.kind;
}

const outcomeOf = ({ operation: asked }: World) =>
  asked?.status?.conditions?.find(({ status, type }) => status === 'True' && type !== 'Reconciling')?.reason;

describe('F40: an operation', () => {
  test.each(['Restart', 'Reset'] as const)('%s is told to Proxmox once, followed, and done with its task', type => {
    const world = worldWith(operation({ type }));
    expect(step(world)).toBe('operate');
    expect(step(world, { state: 'running' })).toBeUndefined();
    expect(step(world, endTask(world))).toBe('endOperation');
    expect({ outcome: outcomeOf(world), told: world.told }).toEqual({ outcome: 'Succeeded', told: 1 });
    expect(world.vm?.status?.task).toBeUndefined();
  });

  test('a restart is done when the machine runs again', () => {
    const world = worldWith(operation());
    step(world);
    const ended = endTask(world);
    if (world.machine) world.machine.power = 'Stopped';
    expect(step(world, ended)).toBeUndefined();
    if (world.machine) world.machine.power = 'Running';
    expect(step(world)).toBe('endOperation');
    expect(outcomeOf(world)).toBe('Succeeded');
  });

  test('that failed tells why and leaves the machine as it is', () => {
    const world = worldWith(operation());
    step(world);
    if (world.task) world.task.ends = { succeeded: false, message: 'got timeout', effect: () => {} };
    expect(step(world, endTask(world))).toBe('endOperation');
    expect(outcomeOf(world)).toBe('TaskFailed');
    const [next, told] = [step(world), world.told];
    expect({ next, told }).toEqual({ next: 'configure', told: 1 });
  });

  test('that was begun by an operator that died is looked for, and told again only if it is not there', () => {
    const asked = operation();
    const begunOnly = { ...asked, status: begun(asked, { vmUid: 'u-1' }, now) };
    const there = worldWith(begunOnly, { task: { upid: 'UPID:found', ends: { succeeded: true, effect: () => {} } } });
    expect(step(there)).toBe('followOperation');
    expect(there.vm?.status?.task?.upid).toBe('UPID:found');
    const lost = worldWith(begunOnly);
    lost.now += 12_000;
    expect(step(lost)).toBe('operate');
  });

  test('is begun with a note of the task that its own one comes after, be the resource of that gone', () => {
    const world = worldWith(operation(), {
      task: { upid: 'UPID:earlier', ends: { succeeded: true, effect: () => {} } },
    });
    expect(step(world)).toBe('operate');
    expect(world.operation?.status?.afterUpid).toBe('UPID:earlier');
  });

  test('that another operator has just begun is left to it until its call must have landed', () => {
    const asked = operation();
    const world = worldWith({ ...asked, status: begun(asked, { vmUid: 'u-1' }, now) });
    for (let second = 1; second < 12; second++) expect(step(world)).toBeUndefined();
    expect(step(world)).toBe('operate');
  });

  test('whose task our status does not know is taken up again', () => {
    const asked = operation();
    const known = { ...asked, status: { ...begun(asked, { vmUid: 'u-1' }, now), upid: 'UPID:known' } };
    const world = worldWith(known);
    expect(step(world)).toBe('followOperation');
    expect(world.vm?.status?.task?.upid).toBe('UPID:known');
  });

  test('never touches a machine that is not ours', () => {
    const foreign = clonedConfig({ description: formatMarker({ ...marker(), uid: 'other' }), uuid: 'other' });
    const world = worldWith(operation(), { machine: { node: 'n1', config: foreign, power: 'Running' } });
    expect(step(world)).toBe('endOperation');
    expect(outcomeOf(world)).toBe('VMIDConflict');
  });

  test('waits while Proxmox has the machine locked', () => {
    const config = clonedConfig({ lock: 'backup' });
    const world = worldWith(operation(), { machine: { node: 'n1', config, power: 'Running' } });
    expect(step(world)).toBeUndefined();
    expect(outcomeOf(world)).toBeUndefined();
  });

  test('fails on a machine that is meant to be off, and waits for one that is to be started', () => {
    const off = { node: 'n1', config: clonedConfig(), power: 'Stopped' as const };
    const resting = worldWith(operation(), { machine: off }, { powerState: 'Stopped' });
    expect(step(resting)).toBe('endOperation');
    expect(outcomeOf(resting)).toBe('NotRunning');
    const starting = worldWith(operation(), { machine: off });
    expect(step(starting)).toBe('configure');
    expect(outcomeOf(starting)).toBeUndefined();
  });
});
