import { expect, test } from 'vitest';
import type { VmQuota, VmSnapshot } from '#api/kinds.ts';
import { snapshotNote, snapshotQuota, snapshotState } from './snapshots.ts';

const condition = (type: string, reason: string, message: string) => ({
  ...{ type, status: type === 'Ready' ? ('False' as const) : ('True' as const), reason, message },
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

const snapshot = (change: Partial<VmSnapshot> = {}): VmSnapshot => ({
  metadata: { name: 'a' },
  spec: { vmName: 'web-1', memory: 'Exclude' },
  ...change,
});

test('F62: a snapshot that is there needs no words', () => {
  const taken = snapshot({ status: { createdAt: '2026-01-01T00:00:00Z' } });
  expect([snapshotState(taken), snapshotNote(taken)]).toEqual(['taken', undefined]);
});

test('F62: one on its way says what it waits for, and a lock in the operator’s words', () => {
  expect(snapshotNote(snapshot())).toEqual({ reason: 'Waiting' });
  const taking = snapshot({ status: { conditions: [condition('Ready', 'Taking', 'Proxmox is taking it.')] } });
  expect(snapshotNote(taking)).toEqual({ reason: 'Taking' });
  const locked = snapshot({ status: { conditions: [condition('Ready', 'LockedByTask', 'locked (backup)')] } });
  expect(snapshotNote(locked)).toEqual({ reason: 'LockedByTask', message: 'locked (backup)' });
});

test('F62: one that cannot be taken says why', () => {
  const conditions = ['Failed', 'Ready', 'Stalled'].map(type => condition(type, 'QuotaExceeded', 'hard 3'));
  const failed = snapshot({ status: { conditions } });
  expect([snapshotState(failed), snapshotNote(failed)]).toEqual([
    'failed',
    { reason: 'QuotaExceeded', message: 'hard 3' },
  ]);
});

test('F62: one that is being removed says so, or what is in the way', () => {
  const metadata = { name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' };
  expect(snapshotNote(snapshot({ metadata }))).toEqual({ reason: 'Leaving' });
  const conditions = ['Ready', 'Stalled'].map(type => condition(type, 'DeleteFailed', 'busy'));
  expect(snapshotNote(snapshot({ metadata, status: { conditions } }))).toEqual({
    reason: 'DeleteFailed',
    message: 'busy',
  });
});

test('F100: the quota of snapshots is shown where there is one', () => {
  const quota = { metadata: { name: 'default' }, spec: { hard: { snapshots: 5 } }, status: { used: { snapshots: 2 } } };
  expect(snapshotQuota(quota as VmQuota)).toEqual({ used: 2, hard: 5 });
  expect(snapshotQuota({ ...quota, spec: { hard: {} } } as VmQuota)).toBeUndefined();
});
