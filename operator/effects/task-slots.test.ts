import { expect, test } from 'vitest';
import { TaskSlots } from './task-slots.ts';

function slots(tasks: number, clonesPerTemplate: number) {
  const woken: string[] = [];
  return { woken, slots: new TaskSlots({ tasks, clonesPerTemplate }, key => woken.push(key)) };
}

test('as many tasks run as may, the others wait in order and are woken in turn', () => {
  const { slots: s, woken } = slots(2, 9);
  expect(['a', 'b', 'c', 'd'].map(key => s.take(key))).toEqual([0, 0, 1, 2]);
  s.release('a');
  expect(woken).toEqual(['c']);
  expect(s.take('d')).toBe(2);
  expect(s.take('c')).toBe(0);
  expect(s.counts).toEqual({ held: 2, waiting: 1 });
});

test('a busy template blocks its own clones and nobody else', () => {
  const { slots: s } = slots(9, 1);
  expect([s.take('a', 900), s.take('b', 900), s.take('c', 901), s.take('d')]).toEqual([0, 1, 0, 0]);
});

test('a task that runs already is counted beyond the limit, and once', () => {
  const { slots: s } = slots(1, 1);
  s.hold('a', 900);
  s.hold('a');
  expect(s.counts.held).toBe(1);
  expect(s.take('b')).toBe(1);
});

test('who gives up its place in the line holds up nobody', () => {
  const { slots: s, woken } = slots(1, 1);
  s.take('a');
  s.take('b');
  s.take('c');
  s.release('b');
  s.release('a');
  expect(woken).toEqual(['c']);
});

test('a clone waits behind everything else, so that what was begun is finished first', () => {
  const { slots: s, woken } = slots(1, 9);
  s.take('a');
  expect([s.take('clone', 900), s.take('start')]).toEqual([1, 1]);
  expect(s.take('clone', 900)).toBe(2);
  s.release('a');
  expect(woken).toEqual(['start']);
});

test('who wants to start nothing any more lets the next one pass, also one who was called already', () => {
  const { slots: s, woken } = slots(1, 9);
  s.take('a');
  s.take('b');
  s.take('c');
  s.release('a');
  s.leave('b');
  s.leave('nobody');
  expect(woken).toEqual(['b', 'c']);
});
