import { expect, test } from 'vitest';
import { machineWith } from '../machine/testing/machine.ts';
import { changed } from './live.ts';

const first = machineWith({ metadata: { name: 'a' } });
const second = machineWith({ metadata: { name: 'b' } });

test('F131: a change touches its own machine and leaves the others the same objects', () => {
  const next = machineWith({ metadata: { name: 'b', generation: 2 } });
  const list = changed([first, second], { type: 'MODIFIED', object: next });
  expect(list).toEqual([first, next]);
  expect(list[0]).toBe(first);
});

test('F131: machines come and go, and one of the same name in another team is another one', () => {
  expect(changed([first], { type: 'ADDED', object: second })).toEqual([first, second]);
  expect(changed([first, second], { type: 'DELETED', object: second })).toEqual([first]);
  const other = machineWith({ metadata: { name: 'a', namespace: 'team-b' } });
  expect(changed([first], { type: 'DELETED', object: other })).toEqual([first]);
});
