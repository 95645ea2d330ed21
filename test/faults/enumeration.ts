import { type FaultKind, faultKinds } from './fault.ts';
import type { WatchMood } from './fault-world.ts';
import { type LifePlan, live, type Origin, type Pace } from './life.ts';

/** A plan with a name to run it again by. */
export interface NamedPlan extends LifePlan {
  name: string;
}

const paces: Pace[] = [0, 1, 8, 40, 120, 'never'];

/** What lives of machines from an ISO image are run at: where they differ from clones is their making only. */
const pacesOfIso: Pace[] = [0, 8, 'never'];

/** One pair in so many is run on a machine from an ISO image. */
const isoLives = 10;

/** What pairs are run at. A slow life is polled for long, which costs time and shows little that is new. */
const pacesOfPairs: Pace[] = [0, 0, 0, 1, 1, 1, 8, 8, 8, 40, 40, 120, 'never', 'never'];

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
 * Plans of one machine's life, `count` of them: one for each pace in which nothing goes wrong, then every call × every
 * kind of fault × every pace, both for a clone and for a machine from an ISO image, and then pairs of faults drawn with a
 * fixed seed, under watches that lag.
 */
export async function* enumerate(count: number): AsyncGenerator<NamedPlan, void, void> {
  let made = 0;
  const calls = new Map<string, string[]>();
  const origins: [Origin, Pace][] = [
    ...paces.map(pace => ['template', pace] as [Origin, Pace]),
    ...pacesOfIso.map(pace => ['iso', pace] as [Origin, Pace]),
  ];
  for (const [from, pace] of origins) {
    const calm = named({ faults: new Map(), pace, seed: 1, watch: prompt, from });
    yield calm;
    const reference = (await live(calm)).calls;
    calls.set(`${from} ${pace}`, reference);
    const planned = singles(from, pace, reference);
    yield* planned;
    made += planned.length + 1;
  }
  const random = sequence(20_261_122);
  for (; made < count; made++) {
    const from: Origin = random(isoLives) === 0 ? 'iso' : 'template';
    const pace = pick(from === 'iso' ? pacesOfIso : pacesOfPairs, random);
    const length = calls.get(`${from} ${pace}`)?.length ?? 1;
    const first = random(length);
    const second = first + 1 + random(length - first + callsOfRecovery);
    const faults = new Map([first, second].map(call => [call, pick(faultKinds, random)] as const));
    const operators = random(sharedLives) === 0 ? 2 : 1;
    yield named({ faults, pace, seed: random(1_000_000), watch: pick(moods, random), operators, from });
  }
}

function singles(from: Origin, pace: Pace, calls: string[]): NamedPlan[] {
  const everywhere = calls.flatMap((_, call) => faultKinds.map(kind => [call, kind] as const));
  const making = calls.findIndex(call => /^proxmox POST .*\/(clone|qemu)$/.test(call));
  const killed = [[making, 'workerKilled'] as const];
  // A VMID alone proves nothing: what was read is checked by the marker, what is written by the digest.
  const configs = calls.flatMap((call, index) =>
    /^proxmox (GET|PUT) .*\/qemu\/1001\/config$/.test(call) ? [index] : [],
  );
  const replaced = configs.map(index => [index, 'replaced'] as const);
  const all: (readonly [number, FaultKind])[] = [...killed, ...replaced, ...everywhere];
  return all.map(fault => named({ faults: new Map([fault]), pace, seed: 1, watch: prompt, from }));
}

function named(plan: LifePlan): NamedPlan {
  const faults = [...plan.faults].map(([call, kind]) => `${kind}@${call}`).join('+');
  const { lagMs, twice, missing } = plan.watch;
  const watch = `lag=${lagMs} twice=${twice} missing=${missing}`;
  const { pace, operators = 1, seed, from = 'template' } = plan;
  return { ...plan, name: `${from} ${faults} pace=${pace} ${watch} operators=${operators} seed=${seed}` };
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
