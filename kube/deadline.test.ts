import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { sleep } from './clock.ts';
import { startDeadline } from './deadline.ts';
import { manualClock } from './testing/manual-clock.ts';

describe('a deadline', () => {
  it('aborts when its time is over, counted anew from each extension', async () => {
    const clock = manualClock();
    using deadline = startDeadline(100, undefined, clock);
    await clock.advance(90);
    deadline.extend(100);
    await clock.advance(99);
    expect(deadline.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(deadline.signal.reason).toMatchObject({ name: 'TimeoutError' });
  });

  it('aborts with its parent, for the same reason', () => {
    const parent = new AbortController();
    using before = startDeadline(100, parent.signal);
    parent.abort(new Error('shutting down'));
    using after = startDeadline(100, parent.signal);
    expect([before.signal.reason, after.signal.reason]).toEqual([parent.signal.reason, parent.signal.reason]);
  });

  it('leaves neither a listener nor a timer behind', () => {
    const clock = manualClock();
    const { signal } = new AbortController();
    {
      using _deadline = startDeadline(100, signal, clock);
      expect([getEventListeners(signal, 'abort').length, clock.waiting()]).toEqual([1, 1]);
    }
    expect([getEventListeners(signal, 'abort').length, clock.waiting()]).toEqual([0, 0]);
  });
});

describe('a sleep', () => {
  it('ends after its time, or when it is told to, and leaves nothing behind', async () => {
    const clock = manualClock();
    const stopper = new AbortController();
    const ended: string[] = [];
    const sleeps = [
      sleep(100, stopper.signal, clock).then(() => ended.push('short')),
      sleep(1000, stopper.signal, clock).then(() => ended.push('long')),
    ];
    await clock.advance(100);
    expect(ended).toEqual(['short']);
    stopper.abort();
    await Promise.all(sleeps);
    await sleep(1000, stopper.signal, clock);
    expect([getEventListeners(stopper.signal, 'abort').length, clock.waiting()]).toEqual([0, 0]);
  });
});
