import fc from 'fast-check';
import { expect, it } from 'vitest';
import { manualClock } from './testing/manual-clock.ts';
import { TokenBucket } from './token-bucket.ts';

// The same cases in each run: whoever looks for another counterexample takes this line out.
fc.configureGlobal({ seed: 1 });

it('a bucket lets no more through than its burst and its rate, whenever it is asked', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 500 }), { maxLength: 200 }), pauses => {
      const clock = manualClock();
      const bucket = new TokenBucket(10, 5, clock);
      const times = pauses.map(pause => {
        clock.jump(pause);
        return clock.now() + bucket.reserve();
      });
      for (const [index, from] of times.entries()) {
        const inOneSecond = times.slice(index).filter(time => time < from + 1000);
        expect(inOneSecond.length).toBeLessThanOrEqual(5 + 10);
      }
    }),
  );
});

it('a bucket is full again after a rest, and no fuller', () => {
  const clock = manualClock();
  const bucket = new TokenBucket(10, 2, clock);
  expect([bucket.reserve(), bucket.reserve(), bucket.reserve()]).toEqual([0, 0, 100]);
  clock.jump(60_000);
  expect([bucket.reserve(), bucket.reserve(), bucket.reserve()]).toEqual([0, 0, 100]);
});
