import { type FaultKind, faultKinds } from './fault.ts';
import type { WatchMood } from './fault-world.ts';
import { type LifePlan, live, makings, type Pace, type Story } from './life.ts';
import { adoptee } from './seed.ts';

/** A plan with a name to run it again by. */
export interface NamedPlan extends LifePlan {
  name: string;
}

/** What each story is told at: the others differ from that of a clone for a part of it only. */
const paces: Record<Story, Pace[]> = {
  template: [0, 1, 8, 40, 120, 'never'],
  iso: [0, 8, 'never'],
  kept: [0, 1, 8, 40],
  spent: [0, 1, 8],
  snapshots: [1],
  drives: [1],
};

/** What pairs are run at. A slow life is polled for long, which costs time and shows little that is new. */
const pacesOfPairs: Record<Story, Pace[]> = {
  template: [0, 0, 0, 1, 1, 1, 8, 8, 8, 40, 40, 'never', 'never'],
  iso: [0, 8, 'never'],
  kept: [0, 1, 1, 8, 40],
  spent: [0, 1, 8],
  snapshots: [1],
  drives: [1],
};

/** Of ten pairs so many are of each story. */
const storiesOfPairs: Story[] = [...Array<Story>(6).fill('template'), 'iso', 'kept', 'kept', 'spent'];

/** Those whose pairs have a number of their own, since each takes longer than others. */
const longStories: Story[] = ['snapshots', 'snapshots', 'drives'];

/** How many pairs there are of long stories. */
const longPairs = 500;

const firstSeed = 20_261_122;
const secondSeed = 20_261_125;

/** One pair in so many is run under two operators that know nothing of each other, as without an election. */
const sharedLives = 8;

/** Calls that a life has more of after a first fault: a restart and a few reads. The second fault may strike in them. */
const callsOfRecovery = 20;

/** A watch that tells everything at once. */
const prompt: WatchMood = { lagMs: 0, twice: 0, missing: 0 };

/** The watches that pairs are run with. */
const moods: WatchMood[] = [
  prompt,
  { lagMs: 500, twice: 0, missing: 0 },
  { lagMs: 5_000, twice: 0, missing: 0 },
  { lagMs: 500, twice: 0.3, missing: 0 },
  { lagMs: 500, twice: 0, missing: 0.2 },
];

/**
 * Plans of one machine's life, `count` of them: one for each story and pace in which nothing goes wrong, then every call ×
 * every kind of fault × every pace, and then pairs of faults drawn with a fixed seed, under watches that lag. With `only`
 * the single faults of that story, in a mixed order: what goes wrong late in a life is found as soon as the rest.
 */
export async function* enumerate(count: number, only?: Story): AsyncGenerator<NamedPlan, void, void> {
  let made = 0;
  const spans = new Map<string, Span>();
  for (const story of only ? [only] : (Object.keys(paces) as Story[])) {
    for (const pace of paces[story]) {
      const calm = named({ story, faults: new Map(), pace, seed: 1, watch: prompt });
      yield calm;
      const { calls, own } = await live(calm);
      spans.set(`${story} ${pace}`, { own, length: calls.length });
      const planned = singles(story, pace, { calls, own });
      yield* only ? telling(planned) : planned;
      made += planned.length + 1;
    }
  }
  if (only) return;
  const long = Math.max(0, Math.min(longPairs, count - made));
  yield* pairs(long, longStories, spans, sequence(secondSeed));
  yield* pairs(count - made - long, storiesOfPairs, spans, sequence(firstSeed));
}

/** The calls of a life where nothing goes wrong, and from which on they are its own. */
type Span = { own: number; length: number };

function* pairs(
  count: number,
  stories: Story[],
  spans: Map<string, Span>,
  random: (limit: number) => number,
): Generator<NamedPlan, void, void> {
  for (let made = 0; made < count; made++) {
    const story = pick(stories, random);
    const pace = pick(pacesOfPairs[story], random);
    const { own, length } = spans.get(`${story} ${pace}`) ?? { own: 0, length: 1 };
    const first = own + random(length - own);
    const second = first + 1 + random(length - first + callsOfRecovery);
    const faults = new Map([first, second].map(call => [call, pick(faultKinds, random)] as const));
    const operators = random(sharedLives) === 0 ? 2 : 1;
    yield named({ story, faults, pace, seed: random(1_000_000), watch: pick(moods, random), operators });
  }
}

function singles(story: Story, pace: Pace, { calls, own }: { calls: string[]; own: number }): NamedPlan[] {
  const faults = story in makings ? ofMaking(calls) : at(calls, guestCall, 'hangs');
  const struck = tellingCalls(calls).filter(call => call >= own);
  for (const call of struck) faults.push(...faultKinds.map(kind => [call, kind] as const));
  return faults.map(fault => named({ story, faults: new Map([fault]), pace, seed: 1, watch: prompt }));
}

/** Looks at one task, the first and the last of which strike while something changes. */
const mostLooks = 2;

/** All but the looks at a task in the middle of its time: what a slow one is asked again and again shows nothing new. */
function tellingCalls(calls: string[]): number[] {
  const looks = new Map<string, number[]>();
  for (const [index, call] of calls.entries()) {
    if (/^proxmox GET .*\/tasks\/.*\/status$/.test(call)) looks.set(call, [...(looks.get(call) ?? []), index]);
  }
  const dull = new Set([...looks.values()].flatMap(of => of.slice(mostLooks, -mostLooks)));
  return [...calls.keys()].filter(index => !dull.has(index));
}

type Fault = readonly [call: number, kind: FaultKind];

/** A VMID alone proves nothing: what was read is checked by the marker, what is written by the digest. */
const ofMaking = (calls: string[]): Fault[] => [
  ...at(calls, /^proxmox POST .*\/(clone|qemu)$/, 'workerKilled').slice(0, 1),
  ...at(calls, /^proxmox POST .*\/(clone|qemu)$/, 'workerKilledLast').slice(0, 1),
  ...at(calls, /^proxmox (GET|PUT) .*\/qemu\/1001\/config$/, 'replaced'),
];

const guestCall = new RegExp(`/qemu/${adoptee.vmid}/agent/`);

const at = (calls: string[], pattern: RegExp, kind: FaultKind): Fault[] =>
  calls.flatMap((call, index) => (pattern.test(call) ? [[index, kind] as const] : []));

function named(plan: LifePlan): NamedPlan {
  const faults = [...plan.faults].map(([call, kind]) => `${kind}@${call}`).join('+');
  const { lagMs, twice, missing } = plan.watch;
  const watch = `lag=${lagMs} twice=${twice} missing=${missing}`;
  const { story, pace, operators = 1, seed } = plan;
  return { ...plan, name: `${story} ${faults} pace=${pace} ${watch} operators=${operators} seed=${seed}` };
}

/** The rare kinds of fault first, which some mistakes are shown by alone, and the others mixed, the same way each time. */
function telling(plans: NamedPlan[]): NamedPlan[] {
  const isRare = ({ faults }: NamedPlan) => [...faults.values()].some(kind => !faultKinds.includes(kind));
  return [...plans.filter(isRare), ...mixed(plans.filter(plan => !isRare(plan)))];
}

function mixed<T>(from: T[]): T[] {
  const random = sequence(firstSeed);
  const keyed = from.map(item => ({ item, key: random(1_000_000) }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}

/** Whole numbers below a limit, the same ones each time (Lehmer's generator). */
function sequence(seed: number): (limit: number) => number {
  let state = seed;
  return limit => {
    state = (state * 48_271) % 2_147_483_647;
    return state % limit;
  };
}

const pick = <T>(from: readonly T[], random: (limit: number) => number): T => from[random(from.length)] as T;
