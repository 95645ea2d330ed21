import { expect, test } from 'vitest';
import { turns } from './turns.ts';

test('so many run at a time, and each that ends, well or not, lets the next one in', async () => {
  const inTurn = turns(2);
  const started: number[] = [];
  const runs = [0, 1, 2, 3].map(index => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const ended = inTurn(() => {
      started.push(index);
      return promise;
    });
    return { ended, resolve, reject };
  });
  expect(started).toEqual([0, 1]);
  runs[1]?.reject(new Error('no'));
  await expect(runs[1]?.ended).rejects.toThrow('no');
  expect(started).toEqual([0, 1, 2]);
  for (const run of runs) run.resolve();
  await Promise.all([runs[0]?.ended, runs[2]?.ended, runs[3]?.ended]);
  expect(started).toEqual([0, 1, 2, 3]);
});
