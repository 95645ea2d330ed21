import { describe, expect, it } from 'vitest';
import { Queue, type QueueOptions } from './queue.ts';
import { manualClock } from './testing/manual-clock.ts';

function makeQueue(options: QueueOptions = {}) {
  const clock = manualClock();
  return { clock, queue: new Queue({ clock, random: () => 0.5, ...options }) };
}

/** Takes and ends every key that is ready. */
async function drain(queue: Queue): Promise<string[]> {
  const keys: string[] = [];
  while (queue.stats().ready > 0) {
    const key = (await queue.take()) ?? '';
    keys.push(key);
    queue.done(key);
  }
  return keys;
}

describe('a queue of keys', () => {
  it('gives keys in the order in which they were added, each once', async () => {
    const { queue } = makeQueue();
    for (const key of ['b', 'a', 'b', 'c', 'a']) queue.add(key);
    expect(await drain(queue)).toEqual(['b', 'a', 'c']);
  });

  it('never gives a key that runs, and gives it again afterwards if it was added meanwhile', async () => {
    const { queue } = makeQueue();
    queue.add('a');
    await queue.take();
    queue.add('a');
    queue.add('a');
    expect(queue.stats()).toMatchObject({ ready: 0, running: 1 });
    queue.done('a');
    expect(await drain(queue)).toEqual(['a']);
  });

  it('gives a key to the one who waits', async () => {
    const { queue } = makeQueue();
    const taken = queue.take();
    queue.add('a');
    expect(await taken).toBe('a');
  });

  it('gives low keys after the others, and yet one in eight under load', async () => {
    const { queue } = makeQueue();
    queue.add('low', 'low');
    for (let index = 1; index <= 9; index += 1) queue.add(`normal ${index}`);
    const keys = await drain(queue);
    expect(keys.indexOf('low')).toBe(7);
  });

  it('raises a low key that is wanted by others', async () => {
    const { queue } = makeQueue();
    for (const key of ['a', 'b', 'c']) queue.add(key, 'low');
    queue.add('c');
    expect(await drain(queue)).toEqual(['c', 'a', 'b']);
  });

  it('runs a key again with the higher of two priorities', async () => {
    const { queue } = makeQueue();
    queue.add('a');
    await queue.take();
    queue.add('a');
    queue.add('a', 'low');
    queue.add('b', 'low');
    queue.done('a');
    expect(await drain(queue)).toEqual(['a', 'b']);
  });

  it('holds a key back for its delay, the shortest where there are several', async () => {
    const { queue, clock } = makeQueue();
    queue.addAfter('a', 500);
    queue.addAfter('a', 200);
    queue.addAfter('a', 900);
    await clock.advance(199);
    expect(queue.stats()).toMatchObject({ ready: 0, delayed: 1 });
    await clock.advance(1);
    expect(await drain(queue)).toEqual(['a']);
    await clock.advance(10_000);
    expect(queue.stats()).toMatchObject({ ready: 0, delayed: 0 });
  });

  it('forgets the delay of a key that is added at once', async () => {
    const { queue, clock } = makeQueue();
    queue.addAfter('a', 500);
    queue.add('a');
    expect(await drain(queue)).toEqual(['a']);
    await clock.advance(1000);
    expect(queue.stats()).toMatchObject({ ready: 0, delayed: 0 });
  });

  it('doubles the backoff with each failure, up to the limit, and begins anew after a success', () => {
    const { queue } = makeQueue({ random: () => 1 - Number.EPSILON });
    const delays = Array.from({ length: 12 }, () => Math.round(queue.retry('a')));
    expect(delays.slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
    expect(delays.at(-1)).toBe(300_000);
    queue.forget('a');
    expect(Math.round(queue.retry('a'))).toBe(1000);
  });

  it('spreads retries over the whole backoff, from zero', () => {
    const { queue } = makeQueue({ random: () => 0 });
    expect(queue.retry('a')).toBe(0);
  });

  it('waits at least as long as the server asked for', () => {
    const { queue } = makeQueue();
    expect(queue.retry('a', 7000)).toBe(7000);
  });

  it('limits the rate of all retries together', () => {
    const { queue } = makeQueue({ random: () => 0, retriesPerSecond: 10, retryBurst: 2 });
    const delays = ['a', 'b', 'c', 'd'].map(key => queue.retry(key));
    expect(delays).toEqual([0, 0, 100, 200]);
  });

  it('refuses new keys when it is full, and counts them', () => {
    const { queue } = makeQueue({ maxKeys: 2 });
    expect([queue.add('a'), queue.addAfter('b', 10), queue.add('c'), queue.add('a')]).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(queue.stats().refused).toBe(1);
  });

  it('tells how long the oldest key waits and the longest runs', async () => {
    const { queue, clock } = makeQueue();
    queue.add('a', 'low');
    await clock.advance(100);
    queue.add('a');
    queue.add('b');
    await clock.advance(50);
    expect(queue.stats().oldestReadyMs).toBe(150);
    await queue.take();
    await clock.advance(30);
    expect(queue.stats()).toMatchObject({ oldestReadyMs: 80, longestRunningMs: 30 });
  });

  it('answers undefined to all who wait when it is closed, and keeps no timer', async () => {
    const { queue, clock } = makeQueue();
    const taken = queue.take();
    queue.addAfter('a', 1000);
    queue.close();
    expect(await taken).toBeUndefined();
    expect(await queue.take()).toBeUndefined();
    expect(queue.add('a')).toBe(false);
    expect(clock.waiting()).toBe(0);
  });
});
