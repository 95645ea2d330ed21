import { expect, test } from 'vitest';
import { virtualMachine } from '../testing/fixtures.ts';
import { mayWait, requestOf } from './request.ts';

const asking = (text: string) => {
  const { metadata, ...rest } = virtualMachine();
  return { ...rest, metadata: { ...metadata, annotations: { 'berth.dev/quota-request': text } } };
};

test('F106: a machine that asks for more may wait for it, where more can be granted', () => {
  expect(mayWait(asking('load test'), 'QuotaExceeded')).toBe(true);
  expect(mayWait(asking('load test'), 'TemplateLimitReached')).toBe(true);
  expect(mayWait(asking('load test'), 'NotAllowed')).toBe(false);
  expect(mayWait(asking('  '), 'QuotaExceeded')).toBe(false);
  expect(mayWait(virtualMachine(), 'QuotaExceeded')).toBe(false);
});

test('F106: a long reason is passed on in part, whole characters only', () => {
  expect(requestOf(asking(' 🚢 '.repeat(300)))).toHaveLength(
    [...' 🚢 '.repeat(300).trim()].slice(0, 256).join('').length,
  );
});
