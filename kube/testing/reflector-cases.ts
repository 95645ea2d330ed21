import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { runController } from '../controller.ts';
import type { Queue } from '../queue.ts';
import type { Reflector, ReflectorTimings } from '../reflector.ts';
import type { KubeObject } from '../resource.ts';
import type { Change } from '../store.ts';
import { eventually } from './eventually.ts';
import type { FaultProxy } from './fault-proxy.ts';

/** The objects as they are, changed past the proxy. */
export interface World {
  /** Creates the object, or changes it. */
  put(name: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Makes every resourceVersion so far too old to watch from. */
  compact(): Promise<void>;
  /** What there is: each key with what tells one state of one object from any other. */
  truth(): Promise<Map<string, string>>;
}

/** A reflector behind a proxy that can misbehave. */
export interface Bench {
  world: World;
  proxy: FaultProxy;
  reflector: Reflector<KubeObject>;
  /** Everything that the reflector told so far. */
  changes: Change<KubeObject>[];
  /** Gets the key of each change. */
  queue: Queue;
  timings: ReflectorTimings;
  /** Milliseconds that a busy machine may add to each limit; together less than the life of a watch. */
  slackMs: number;
}

/** Something that befalls a list-watch, and what must come of it. */
export interface ReflectorCase {
  id: string;
  title: string;
  must: string;
  /** Strikes. Answers how many milliseconds after the trouble was over the store was true again. */
  run(bench: Bench): Promise<number>;
}

/** What tells one state of one object from any other. */
export function stateOf({ metadata }: KubeObject): string {
  return `${metadata.uid}@${metadata.resourceVersion}`;
}

/** Runs a case in a world that has some objects, and holds it against what must be so after every case. */
export async function runCase(bench: Bench, { run }: ReflectorCase): Promise<number> {
  for (const name of ['one', 'two', 'three']) await bench.world.put(name);
  await bench.reflector.whenSynced();
  await oneWatch(bench);
  await isTrue(bench, 0);
  const noticedMs = await run(bench);
  await bench.world.put('after');
  await isTrue(bench, 0);
  await oneWatch(bench);
  assertLives(bench.changes);
  return noticedMs;
}

/** The cases that the runtime must pass. */
export const reflectorCases: ReflectorCase[] = [
  {
    id: 'a',
    title: 'HTTP 500 on watch',
    must: 'back in about a second, and slower when it repeats',
    async run(bench) {
      const { proxy, timings } = bench;
      proxy.fault = ({ isWatch }) => (isWatch ? { kind: 'answer', status: 500 } : undefined);
      const before = proxy.requests.length;
      proxy.resetWatches();
      await bench.world.put('unseen');
      await eventually('several tries', () => proxy.requests.length >= before + 4);
      const [third = 0, fourth = 0] = proxy.requests.slice(before + 2).map(({ at }) => at);
      // The first two tries are at most so far apart, unless the machine itself comes between.
      assert.ok(fourth - third > 2 * timings.backoffMs, 'tries get rarer');
      proxy.fault = () => undefined;
      return isTrue(bench, timings.backoffMaxMs);
    },
  },
  {
    id: 'b',
    title: 'TCP reset',
    must: 'back in about a second',
    async run(bench) {
      bench.proxy.resetWatches();
      await bench.world.put('one');
      return isTrue(bench, bench.timings.backoffMs);
    },
  },
  {
    id: 'c',
    title: 'a bad line, and the stream goes on',
    must: 'lists at once',
    async run(bench) {
      const lists = countLists(bench);
      bench.proxy.distortNextEvent(line => ({ text: `${line.slice(0, line.length / 2)}\n`, thenEnd: false }));
      await bench.world.put('one');
      const noticedMs = await isTrue(bench, 0);
      assert.equal(countLists(bench), lists + 1);
      return noticedMs;
    },
  },
  {
    id: 'c2',
    title: 'cut in the middle of a line',
    must: 'watches again, without a list',
    async run(bench) {
      const lists = countLists(bench);
      bench.proxy.distortNextEvent(line => ({ text: line.slice(0, line.length / 2), thenEnd: true }));
      await bench.world.put('one');
      const noticedMs = await isTrue(bench, bench.timings.backoffMs);
      assert.equal(countLists(bench), lists);
      return noticedMs;
    },
  },
  {
    id: 'd',
    title: 'deleted and created again while disconnected',
    must: 'tells the deletion, then the addition',
    run: bench => recreateUnseen(bench, async () => undefined),
  },
  {
    id: 'd2',
    title: 'the same, with the resourceVersion compacted',
    must: 'tells the deletion, then the addition',
    run: bench => recreateUnseen(bench, () => bench.world.compact()),
  },
  {
    id: 'e',
    title: '410 in the stream',
    must: 'lists at once',
    async run(bench) {
      const lists = countLists(bench);
      bench.proxy.distortNextEvent(() => ({ text: errorLine(410, 'Expired'), thenEnd: true }));
      await bench.world.put('one');
      const noticedMs = await isTrue(bench, 0);
      assert.equal(countLists(bench), lists + 1);
      return noticedMs;
    },
  },
  {
    id: 'e2',
    title: '410 as HTTP status',
    must: 'lists at once',
    async run(bench) {
      const lists = countLists(bench);
      await whileDisconnected(bench, async () => {
        await bench.world.put('one');
        await bench.world.remove('two');
        await bench.world.compact();
      });
      const noticedMs = await isTrue(bench, bench.timings.backoffMaxMs);
      assert.equal(countLists(bench), lists + 1);
      return noticedMs;
    },
  },
  {
    id: 'e3',
    title: 'another ERROR event',
    must: 'pauses, then lists',
    async run(bench) {
      const lists = countLists(bench);
      bench.proxy.distortNextEvent(() => ({ text: errorLine(500, 'InternalError'), thenEnd: false }));
      const startedAt = performance.now();
      await bench.world.put('one');
      const noticedMs = await isTrue(bench, bench.timings.backoffMs);
      assert.equal(countLists(bench), lists + 1);
      // From before the write: what the reflector hears may be sooner than the writer's own answer.
      assert.ok(performance.now() - startedAt >= bench.timings.backoffMs / 2, 'pauses before it lists');
      return noticedMs;
    },
  },
  {
    id: 'f',
    title: 'silence, while TCP is alive',
    must: 'notices within the limit of silence',
    async run(bench) {
      const { silenceMs, backoffMs } = bench.timings;
      await bench.world.put('one');
      await isTrue(bench, 0);
      bench.proxy.silenceWatches();
      await bench.world.put('one');
      return isTrue(bench, silenceMs + backoffMs);
    },
  },
  {
    id: 'f2',
    title: 'packets dropped for a while',
    must: 'notices, and has one watch afterwards',
    async run(bench) {
      const { proxy, reflector, timings, slackMs } = bench;
      const before = proxy.requests.length;
      proxy.freeze();
      await bench.world.put('one');
      await bench.world.remove('two');
      await eventually('another try', () => proxy.requests.length > before, timings.silenceMs + slackMs);
      assert.ok(reflector.silentMs >= timings.silenceMs, 'the reflector knows that it heard nothing');
      proxy.thaw();
      return isTrue(bench, timings.backoffMaxMs);
    },
  },
  {
    id: 'g',
    title: 'API server gone for a while',
    must: 'back within seconds of its return',
    async run(bench) {
      await bench.proxy.goAway();
      await bench.world.put('one');
      await bench.world.remove('two');
      await delay(4 * bench.timings.backoffMaxMs);
      await bench.proxy.comeBack();
      return isTrue(bench, bench.timings.backoffMaxMs);
    },
  },
  {
    id: 'h',
    title: 'the server ends each watch at once',
    must: 'a bounded rate, and not blind',
    async run(bench) {
      const { proxy, timings } = bench;
      proxy.fault = ({ isWatch }) => (isWatch ? { kind: 'end-after', ms: timings.paceMs / 10 } : undefined);
      proxy.resetWatches();
      await eventually('a first short watch', () => proxy.openWatches() === 0);
      const before = proxy.requests.length;
      const rounds = 10;
      let worstMs = 0;
      for (let round = 0; round < rounds; round += 1) {
        await bench.world.put('one');
        worstMs = Math.max(worstMs, await isTrue(bench, timings.backoffMs + 2 * timings.paceMs));
        await delay(timings.paceMs);
      }
      const [first, ...others] = proxy.requests.slice(before).map(({ at }) => at);
      const perPace = others.length / (((others.at(-1) ?? 0) - (first ?? 0)) / timings.paceMs);
      assert.ok(perPace < 1.2, `${perPace.toFixed(1)} requests in the time for one`);
      proxy.fault = () => undefined;
      return worstMs;
    },
  },
  {
    id: 'i',
    title: 'a slow handler',
    must: 'handlers only enqueue keys: nothing overlaps, and the last look is at the last state',
    async run({ world, reflector, queue, ...bench }) {
      const looks: string[] = [];
      const running = new Set<string>();
      const stopper = new AbortController();
      const reconcile = async (key: string) => {
        assert.ok(!running.has(key), `${key} runs twice at once`);
        running.add(key);
        looks.push(reflector.store.get(key)?.metadata.resourceVersion ?? '');
        // Each run takes longer than the one that follows it.
        await delay(Math.max(0, 50 - 10 * looks.length));
        running.delete(key);
        return { kind: 'done' } as const;
      };
      const controller = runController({ name: 'slow', queue, concurrency: 4, reconcile, signal: stopper.signal });
      for (let times = 0; times < 20; times += 1) {
        await world.put('slow');
        await delay(2);
      }
      const noticedMs = await isTrue({ world, reflector, queue, ...bench }, 0);
      await eventually('nothing waits or runs', () => queue.stats().ready + queue.stats().running === 0);
      stopper.abort();
      await controller;
      const last = reflector.store.list().find(({ metadata }) => metadata.name === 'slow');
      assert.equal(looks.at(-1), last?.metadata.resourceVersion);
      return noticedMs;
    },
  },
  {
    id: 'dup',
    title: 'each event comes twice',
    must: 'told once',
    async run(bench) {
      bench.proxy.distortNextEvent(line => ({ text: line + line, thenEnd: false }));
      await bench.world.put('one');
      return isTrue(bench, 0);
    },
  },
];

/** Waits until the store is equal to the world, and answers how many milliseconds that took. */
async function isTrue({ world, reflector, slackMs }: Bench, limitMs: number): Promise<number> {
  const startedAt = performance.now();
  const truth = await world.truth();
  const isEqual = () =>
    truth.size === reflector.store.size &&
    [...truth].every(([key, state]) => {
      const object = reflector.store.get(key);
      return object && stateOf(object) === state;
    });
  await eventually('the store is equal to the world', isEqual, limitMs + slackMs);
  return performance.now() - startedAt;
}

async function oneWatch({ proxy, timings, slackMs }: Bench): Promise<void> {
  await eventually('one watch', () => proxy.openWatches() === 1, timings.backoffMaxMs + slackMs);
}

/** Every object was added once, then updated, then deleted once; no state was told twice. */
function assertLives(changes: Change<KubeObject>[]): void {
  const alive = new Map<string, string | undefined>();
  const told = new Set<string>();
  for (const { key, kind, object } of changes) {
    const { uid } = object.metadata;
    if (kind === 'added') assert.ok(!alive.has(key), `${key} is added before the one before it is deleted`);
    else assert.equal(alive.get(key), uid, `${key} is ${kind} under another UID`);
    if (kind === 'deleted') alive.delete(key);
    else {
      alive.set(key, uid);
      assert.ok(!told.has(stateOf(object)), `a state of ${key} is told twice`);
      told.add(stateOf(object));
    }
  }
}

async function recreateUnseen(bench: Bench, meanwhile: () => Promise<void>): Promise<number> {
  const before = bench.changes.length;
  await whileDisconnected(bench, async () => {
    await bench.world.remove('one');
    await bench.world.put('one');
    await meanwhile();
  });
  const noticedMs = await isTrue(bench, bench.timings.backoffMaxMs);
  const kinds = bench.changes.slice(before).map(({ kind }) => kind);
  assert.deepEqual(kinds, ['deleted', 'added']);
  return noticedMs;
}

/** Lets the world go on while no watch succeeds. */
async function whileDisconnected({ proxy }: Bench, meanwhile: () => Promise<void>): Promise<void> {
  proxy.fault = ({ isWatch }) => (isWatch ? { kind: 'reset' } : undefined);
  proxy.resetWatches();
  await eventually('no watch', () => proxy.openWatches() === 0);
  await meanwhile();
  proxy.fault = () => undefined;
}

function countLists({ proxy }: Bench): number {
  return proxy.requests.filter(({ isWatch }) => !isWatch).length;
}

function errorLine(code: number, reason: string): string {
  const object = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: `${reason} of a test` };
  return `${JSON.stringify({ type: 'ERROR', object })}\n`;
}
