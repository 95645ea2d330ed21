import { describe, expect, test } from 'vitest';
import { formatMarker } from '../marker.ts';
import { beingTaken, currentSnapshot, failed, taken } from '../snapshot.ts';
import { expiryOf } from '../snapshot-expiry.ts';
import { clonedConfig, marker } from '../testing/fixtures.ts';
import { madeWorld, nameInProxmox, readyReason, snapshot, step } from '../testing/snapshots.ts';
import { endTask, type World } from '../testing/world.ts';

const line = (change = {}) => ({ name: nameInProxmox, takenAtSeconds: 1_767_225_700, memory: false, ...change });

const deleted = (status?: ReturnType<typeof taken>) => {
  const made = snapshot();
  return {
    ...made,
    metadata: { ...made.metadata, deletionTimestamp: '2026-01-01T00:01:00Z' },
    ...(status && { status }),
  };
};

const fail = (world: World, message: string) => {
  if (world.task) world.task.ends = { succeeded: false, message, effect: () => {} };
  return endTask(world);
};

describe('F62: a snapshot that is asked for', () => {
  test('is taken once, and the machine stays ready meanwhile', () => {
    const world = madeWorld({ snapshot: snapshot() });
    expect(step(world)).toBe('takeSnapshot');
    expect(step(world, { state: 'running' })).toBeUndefined();
    expect(readyReason(world.vm)).toBeUndefined();
    expect(step(world, endTask(world))).toBe('noteTaken');
    expect(world.snapshot?.status).toMatchObject({ snapshotName: nameInProxmox, vmUID: 'u-1', memory: 'Excluded' });
    expect({ ready: readyReason(world.snapshot), told: world.told }).toEqual({ ready: 'Taken', told: 1 });
    expect(step(world)).toBeUndefined();
    expect(readyReason(world.vm)).toBe('Synced');
  });

  test('is not taken again whose answer was lost: Proxmox has it by its name', () => {
    const begun = snapshot();
    const world = madeWorld({ snapshot: { ...begun, status: beingTaken(begun, 0) }, snapshots: [line()] });
    expect(step(world)).toBe('noteTaken');
    expect(world.told).toBeUndefined();
  });

  test('fails in words with what Proxmox says, and is not tried again', () => {
    const world = madeWorld({ snapshot: snapshot() });
    step(world);
    expect(step(world, fail(world, 'snapshot feature is not available'))).toBe('failSnapshot');
    expect(readyReason(world.snapshot)).toBe('TaskFailed');
    expect(JSON.stringify(world.snapshot?.status)).toContain('Proxmox says: snapshot feature is not available.');
    expect([step(world), world.told]).toEqual([undefined, 1]);
  });

  test('is tried again where Proxmox only had the machine locked', () => {
    const world = madeWorld({ snapshot: snapshot() });
    step(world);
    expect(step(world, fail(world, 'VM is locked (backup)'))).toBe('takeSnapshot');
  });

  test('F136: waits for a lock, and names it', () => {
    const world = madeWorld({ snapshot: snapshot() });
    if (world.machine) world.machine.config.lock = 'backup';
    expect(step(world)).toBe('noteSnapshot');
    expect(JSON.stringify(world.snapshot?.status)).toContain('Proxmox has locked the machine (backup).');
  });

  test('says how to unlock what its worker left that died, clears it up, and is taken after that', () => {
    const world = madeWorld({ snapshot: snapshot(), snapshots: [line({ state: 'prepare' })] });
    if (world.machine) world.machine.config.lock = 'snapshot';
    expect([step(world), readyReason(world.snapshot)]).toEqual(['noteSnapshot', 'StuckLock']);
    expect(JSON.stringify(world.snapshot?.status)).toContain('Run on n1: qm unlock 1000');
    delete world.machine?.config.lock;
    expect(step(world)).toBe('removeSnapshot');
    expect(step(world, endTask(world))).toBe('takeSnapshot');
    expect(step(world, endTask(world))).toBe('noteTaken');
  });

  test('with memory wants a machine that runs', () => {
    const off = madeWorld({ snapshot: snapshot({ memory: 'Include' }) }, { powerState: 'Stopped' });
    if (off.machine) off.machine.power = 'Stopped';
    expect([step(off), readyReason(off.snapshot)]).toEqual(['failSnapshot', 'NotRunning']);
    const starting = madeWorld({ snapshot: snapshot({ memory: 'Include' }) });
    if (starting.machine) starting.machine.power = 'Stopped';
    expect(step(starting)).toBe('start');
    expect(step(starting, endTask(starting))).toBe('takeSnapshot');
    expect(step(starting, endTask(starting))).toBe('noteTaken');
    expect(starting.snapshot?.status?.memory).toBe('Included');
  });

  test('never touches a machine that is not ours', () => {
    const foreign = clonedConfig({ description: formatMarker({ ...marker(), uid: 'other' }), uuid: 'other' });
    const world = madeWorld({ snapshot: snapshot(), machine: { node: 'n1', config: foreign, power: 'Running' } });
    expect([step(world), readyReason(world.snapshot)]).toEqual(['failSnapshot', 'VMIDConflict']);
  });
});

describe('F100: a snapshot', () => {
  test('that does not fit fails with the numbers, before Proxmox is told', () => {
    const message = 'exceeded VmQuota "default": snapshots: requested 1, used 3, hard 3; 0 would fit.';
    const world = madeWorld({
      snapshot: snapshot(),
      snapshotRoom: { granted: false, reason: 'QuotaExceeded', message },
    });
    expect([step(world), readyReason(world.snapshot)]).toEqual(['failSnapshot', 'QuotaExceeded']);
    expect(JSON.stringify(world.snapshot?.status)).toContain(JSON.stringify(message).slice(1, -1));
    expect(world.told).toBeUndefined();
  });

  test('waits for a quota that is being set up', () => {
    const snapshotRoom = { granted: false, reason: 'QuotaNotReady', message: 'it waits' } as const;
    expect(step(madeWorld({ snapshot: snapshot(), snapshotRoom }))).toBe('noteSnapshot');
  });

  test('is held to the most of its machine where no ledger counts: by what Proxmox has of ours', () => {
    const other = { ...line(), name: `berth-${'0'.repeat(32)}` };
    const [snapshotRoom, foreign] = [{ granted: true, maxPerVM: 1 } as const, { ...line(), name: 'by-hand' }];
    const full = madeWorld({ snapshot: snapshot(), snapshotRoom, snapshots: [other] });
    expect([step(full), readyReason(full.snapshot)]).toEqual(['failSnapshot', 'QuotaExceeded']);
    expect(JSON.stringify(full.snapshot?.status)).toContain('used 1, hard 1; 0 would fit');
    expect(step(madeWorld({ snapshot: snapshot(), snapshotRoom, snapshots: [foreign] }))).toBe('takeSnapshot');
  });
});

describe('F62: a snapshot that is deleted', () => {
  const wasTaken = taken(snapshot(), line(), 0);

  test('is removed in Proxmox first, and no other one', () => {
    const foreign = { ...line(), name: 'by-hand' };
    const world = madeWorld({ snapshot: deleted(wasTaken), snapshots: [foreign, line()] });
    expect(step(world)).toBe('removeSnapshot');
    expect(step(world, endTask(world))).toBe('dropSnapshot');
    expect([world.snapshot, world.snapshots]).toEqual([undefined, [foreign]]);
  });

  test('stays while Proxmox does not remove it, says why, and is tried again in a while', () => {
    const world = madeWorld({ snapshot: deleted(wasTaken), snapshots: [line()] });
    step(world);
    expect(step(world, fail(world, 'snapshot is busy'))).toBe('failSnapshot');
    expect(readyReason(world.snapshot)).toBe('DeleteFailed');
    expect(step(world)).toBeUndefined();
    world.now += 30_000;
    expect(step(world)).toBe('removeSnapshot');
  });

  test('is not let go while a call to take it may still land', () => {
    const begun = deleted();
    const world = madeWorld({ snapshot: { ...begun, status: beingTaken(begun, madeWorld({}).now) } });
    expect(step(world)).toBe('noteSnapshot');
    world.now += 60_000;
    expect(step(world)).toBe('dropSnapshot');
  });
});

test('of several snapshots the oldest goes first, and one that fails holds up none', () => {
  const named = (name: string, status = {}) => ({
    ...snapshot(),
    metadata: { ...snapshot().metadata, name, uid: name, creationTimestamp: `2026-01-01T00:00:0${name}Z` },
    status,
  });
  const all = [named('2'), named('1'), named('0', failed(snapshot(), { reason: 'TaskFailed', message: '' }, 0))];
  expect(currentSnapshot(all, 'u-1', 0)?.metadata.name).toBe('1');
  expect(
    currentSnapshot([named('1', { startedAt: '2026-01-01T00:00:00Z' }), named('2')], 'u-1', 0)?.metadata.name,
  ).toBe('2');
  expect(currentSnapshot(all, 'another machine', 0)).toBeUndefined();
});

test('a snapshot expires after its own time, or that of the VmPolicy if it is shorter', () => {
  const made = (ttlSeconds?: number) =>
    snapshot({ ...(ttlSeconds && { ttlSeconds }) }, { status: { createdAt: '2026-01-01T00:00:00.000Z' } });
  const policy = {
    metadata: { name: 'default' },
    spec: { unquotaedNamespaces: 'Deny', snapshots: { maxPerVM: 5, maxAgeHours: 2 } },
  } as const;
  expect(expiryOf(made(), undefined)).toBeUndefined();
  expect(expiryOf(made(3600), policy)).toBe('2026-01-01T01:00:00.000Z');
  expect(expiryOf(made(36_000), policy)).toBe('2026-01-01T02:00:00.000Z');
});
