import { expect, test } from 'vitest';
import { type Allocation, formatAllocation } from '#api/ledger.ts';
import { StaleEntries } from './stale-entries.ts';

const entry = (state: Allocation['state']): Allocation => ({
  name: 'web-1',
  uid: 'u-1',
  state,
  generation: 1,
  template: 'debian',
  running: true,
  cpu: 1,
  memoryMiB: 512,
  storageMiB: 1024,
  networks: 0,
});

const nobody = () => false;

test('a reservation is doubted after twice the time of a request, and again from the start when it has changed', () => {
  let now = 0;
  const stale = new StaleEntries(() => now);
  const due = (change: Partial<Allocation> = {}) =>
    stale.due('q', [formatAllocation({ ...entry('Reserved'), ...change })], () => true);
  expect(due()).toEqual({ due: [], nextMs: 120_000 });
  now = 60_000;
  expect(due({ cpu: 2 })).toEqual({ due: [], nextMs: 120_000 });
  now = 180_000;
  expect(due({ cpu: 2 }).due).toHaveLength(1);
});

test('an entry that was bound to a resource which is gone is doubted soon; one whose resource is there, never', () => {
  let now = 0;
  const stale = new StaleEntries(() => now);
  const lines = [formatAllocation(entry('Bound'))];
  expect(stale.due('q', lines, nobody)).toEqual({ due: [], nextMs: 15_000 });
  now = 15_000;
  expect(stale.due('q', lines, nobody)).toEqual({ due: [entry('Bound')] });
  expect(stale.due('q', lines, () => true)).toEqual({ due: [] });
});
