import { expect, test } from 'vitest';
import { growth, quantityOf, resizePatch, sizeOf } from './resize.ts';
import { machineWith } from './testing/machine.ts';

const { spec } = machineWith({
  spec: {
    disks: [
      { name: 'root', size: '20Gi', storage: 'ceph' },
      { name: 'data', size: '512Mi' },
    ],
  },
});
const size = sizeOf(spec);

test('F55: a size that stays the same is no change', () => {
  expect(resizePatch(spec, size)).toBeUndefined();
});

test('F55: a patch has what changed, and every disk as it is but for the one that grows', () => {
  expect(resizePatch(spec, { ...size, cpu: 4 })).toEqual({ resources: { cpu: 4 } });
  expect(resizePatch(spec, { ...size, memoryGiB: 1.5 })).toEqual({ resources: { memory: '1536Mi' } });
  expect(resizePatch(spec, { ...size, disks: { ...size.disks, data: 2 } })).toEqual({
    disks: [
      { name: 'root', size: '20Gi', storage: 'ceph' },
      { name: 'data', size: '2Gi' },
    ],
  });
});

test('F55: a disk never shrinks', () => {
  expect(resizePatch(spec, { ...size, disks: { ...size.disks, root: 10 } })).toBeUndefined();
});

test('what a new size takes more of the quota is known before it is asked for', () => {
  const next = { cpu: 4, memoryGiB: 2, disks: { root: 30, data: 0.5 } };
  expect(growth(spec, next)).toEqual({ vms: 0, cpu: 2, memoryMiB: -2048, storageMiB: 10 * 1024 });
});

test('sizes are in whole GiB where they can be', () => {
  expect(quantityOf(4)).toBe('4Gi');
  expect(quantityOf(0.5)).toBe('512Mi');
});
