import { describe, expect, test } from 'vitest';
import { type Destroy, refuseDestroy, unaccounted } from './destroy-brake.ts';

const now = Date.parse('2026-01-01T01:00:00Z');
const at = (secondsAgo: number) => now - secondsAgo * 1000;
const nobodys = (count: number, secondsAgo = 10): Destroy[] =>
  Array.from({ length: count }, (_, index) => ({ vmid: 1000 + index, at: at(secondsAgo) }));
const next: Destroy = { vmid: 1999, at: now };

describe('the brake on destroys', () => {
  test('lets three go in five minutes that no deletion accounts for, and no fourth', () => {
    expect(refuseDestroy(nobodys(2), next, 10)).toBeUndefined();
    expect(refuseDestroy(nobodys(3), next, 10)).toMatchObject({ reason: 'DestroyBrake' });
    expect(refuseDestroy(nobodys(3), next, 10)?.message).toContain('1000, 1001, 1002');
  });

  test('lets a tenth of many machines go', () => {
    expect(refuseDestroy(nobodys(9), next, 100)).toBeUndefined();
    expect(refuseDestroy(nobodys(10), next, 100)).toBeDefined();
  });

  test('forgets after five minutes', () => {
    expect(refuseDestroy(nobodys(3, 300), next, 10)).toBeUndefined();
  });

  test('holds no machine up whose resource was deleted, however many there are', () => {
    const deleted = Array.from({ length: 500 }, (_, index) => ({ vmid: 1000 + index, at: at(1), uid: `u-${index}` }));
    expect(refuseDestroy(deleted, { ...next, uid: 'u-999' }, 500)).toBeUndefined();
    expect(refuseDestroy([...deleted, ...nobodys(50)], { ...next, uid: 'u-999' }, 500)).toBeUndefined();
  });

  test('takes one deletion for one machine', () => {
    const one = (vmid: number): Destroy => ({ vmid, at: at(1), uid: 'u-1' });
    expect(unaccounted([one(1), one(2), one(3)])).toEqual(new Set([2, 3]));
    expect(refuseDestroy([one(1), one(2), one(3), one(4)], { ...one(5), at: now }, 10)).toBeDefined();
  });

  test('counts a call that is repeated once', () => {
    const again = [...nobodys(3), ...nobodys(3), ...nobodys(3)];
    expect(refuseDestroy(again, { vmid: 1001, at: now }, 10)).toBeUndefined();
  });
});
