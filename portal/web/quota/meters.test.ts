import { describe, expect, test } from 'vitest';
import type { VmQuota } from '#api/kinds.ts';
import { excessOf, metersOf, mib, overMachineLimits } from './meters.ts';

const quota: VmQuota = {
  metadata: { name: 'default', namespace: 'team-a' },
  spec: { hard: { vms: 3, cpu: 8, memory: '16Gi' }, perVM: { max: { cpu: 4, memory: '8Gi' } } },
  status: { used: { vms: 2, cpu: 6, memoryMiB: 4096, storageMiB: 10240 } },
};

describe('F73: meters', () => {
  test('show what is used of what is allowed, and what is not limited', () => {
    expect(metersOf(quota)).toEqual([
      { dimension: 'vms', used: 2, hard: 3 },
      { dimension: 'cpu', used: 6, hard: 8 },
      { dimension: 'memoryMiB', used: 4096, hard: 16384 },
      { dimension: 'storageMiB', used: 10240, hard: undefined },
    ]);
  });

  test('F100: say with figures what does not fit', () => {
    const more = { vms: 1, cpu: 4, memoryMiB: 4096, storageMiB: 1024 ** 2 };
    expect(excessOf(metersOf(quota), more)).toEqual([{ dimension: 'cpu', asked: 4, free: 2, hard: 8 }]);
  });

  test('F104: know the limits of each machine', () => {
    expect(overMachineLimits(quota, { vms: 1, cpu: 5, memoryMiB: 8192, storageMiB: 0 })).toEqual([
      { dimension: 'cpu', asked: 5, most: 4 },
    ]);
  });
});

test('a size that is still being typed counts as nothing', () => {
  expect(mib('Gi')).toBe(0);
  expect(mib('2Ti')).toBe(2 * 1024 * 1024);
});
