import { expect, test } from 'vitest';
import { quantity, toMiB } from './quantity.ts';

test.each([
  ['1Mi', 1],
  ['512Mi', 512],
  ['8Gi', 8192],
  ['2Ti', 2_097_152],
])('%s is %d MiB', (size, mebibytes) => {
  expect(toMiB(size)).toBe(mebibytes);
  expect(quantity().safeParse(size).success).toBe(true);
});

test.each(['0Gi', '1.5Gi', '8G', '-1Gi', '8', 'Gi', '12345678Mi'])('%s is no size', size => {
  expect(quantity().safeParse(size).success).toBe(false);
  expect(() => toMiB(size)).toThrow(size);
});
