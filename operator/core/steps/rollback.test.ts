import { describe, expect, test } from 'vitest';
import type { VirtualMachine, VmOperation } from '#api/kinds.ts';
import { taken } from '../snapshot.ts';
import { madeWorld, nameInProxmox, readyReason, snapshot, step } from '../testing/snapshots.ts';
import { endTask, type World } from '../testing/world.ts';

const operation = (): VmOperation => ({
  metadata: { name: 'op', namespace: 'team-a', uid: 'o-1', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {
    vmName: 'web-1',
    requester: 'alice',
    type: 'Rollback',
    rollback: { snapshotName: 'before' },
    deadlineSeconds: 1800,
    ttlSecondsAfterFinished: 60,
  },
});

/** A machine with a snapshot of before, in which it was smaller, unprotected and named otherwise. */
function world(change: Partial<World> = {}, spec: Partial<VirtualMachine['spec']> = {}, memory = false): World {
  const line = { name: nameInProxmox, takenAtSeconds: 0, memory };
  const made = snapshot();
  const world = madeWorld(
    { operation: operation(), snapshot: { ...made, status: taken(made, line, 0) }, snapshots: [line], ...change },
    spec,
  );
  const then = { ...world.machine?.config, cores: 1, name: 'older', protection: false, tags: [] };
  return { snapshotConfig: then as NonNullable<World['snapshotConfig']>, ...world };
}

describe('F62: a rollback', () => {
  test('is told once; then configuration and power are put right, without a word of drift', () => {
    const rolled = world({}, { drift: 'Report' });
    expect([step(rolled), readyReason(rolled.vm)]).toEqual(['operate', 'PowerChanging']);
    expect(step(rolled, endTask(rolled))).toBe('endOperation');
    expect([readyReason(rolled.operation), rolled.told]).toEqual(['Succeeded', 1]);
    expect(rolled.machine?.power).toBe('Stopped');
    expect(step(rolled)).toBe('configure');
    expect(rolled.machine?.config).toMatchObject({ cores: 2, name: 'web-1', protection: true });
    expect(step(rolled)).toBe('start');
    expect(step(rolled, endTask(rolled))).toBeUndefined();
    expect(readyReason(rolled.vm)).toBe('Synced');
  });

  test.each<[string, (w: World) => void, string]>([
    ['there is no such snapshot', w => Object.assign(w, { snapshot: undefined }), 'SnapshotNotFound'],
    ['it was not taken yet', w => delete w.snapshot?.status?.createdAt, 'SnapshotNotReady'],
    ['it was removed in Proxmox', w => Object.assign(w, { snapshots: [] }), 'SnapshotMissing'],
    ['it has more CPUs than the machine', w => Object.assign(w.snapshotConfig ?? {}, { cores: 4 }), 'SnapshotMisfit'],
    ['a disk would fall off', w => Object.assign(w.snapshotConfig ?? {}, { disks: [] }), 'SnapshotMisfit'],
  ])('is refused in words where %s', (_, spoil, reason) => {
    const spoilt = world();
    spoil(spoilt);
    expect(step(spoilt)).toBe('endOperation');
    expect([readyReason(spoilt.operation), spoilt.told]).toEqual([reason, undefined]);
  });

  test('to memory is refused for a machine that is to be off, since it would run', () => {
    const off = world({}, { powerState: 'Stopped' }, true);
    expect([step(off), readyReason(off.operation)]).toEqual(['endOperation', 'NotRunning']);
    const running = world({}, {}, true);
    expect(step(running)).toBe('operate');
    step(running, endTask(running));
    expect([step(running), step(running)]).toEqual(['configure', undefined]);
  });
});
