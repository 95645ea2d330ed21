import { expect, it } from 'vitest';
import { OwnWrites } from './own-writes.ts';
import { Store } from './store.ts';
import { manualClock } from './testing/manual-clock.ts';

it('an own write is pending until the store has seen it, or a later state of the collection', () => {
  const store = new Store();
  const writes = new OwnWrites(store, manualClock());
  store.advance('10');
  writes.note('ns/a', '12');
  expect([writes.isPending('ns/a'), writes.isPending('ns/b')]).toEqual([true, false]);
  store.advance('11');
  expect(writes.isPending('ns/a')).toBe(true);
  store.advance('13');
  expect(writes.isPending('ns/a')).toBe(false);
});

it('row 26: an own write that a restored etcd has never seen is not waited for without end', async () => {
  const store = new Store();
  const clock = manualClock();
  const writes = new OwnWrites(store, clock);
  writes.note('ns/a', '1000');
  store.advance('5');
  await clock.advance(60_000);
  expect(writes.isPending('ns/a')).toBe(true);
  await clock.advance(1);
  expect(writes.isPending('ns/a')).toBe(false);
});
