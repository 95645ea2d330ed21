import { startBroadcasts } from './engine/broadcasts.ts';
import { type Clock, VirtualClock } from './engine/clock.ts';
import { PveError } from './engine/errors.ts';
import { FileLocks } from './engine/file-locks.ts';
import { Process } from './engine/process.ts';
import { createRandom } from './engine/random.ts';
import type { World } from './engine/world.ts';
import { dispatch } from './http/dispatch.ts';
import type { Answer, Request } from './http/message.ts';
import { handlers } from './routes/table.ts';
import type { Release } from './schema/routes.ts';
import { buildState } from './state/build.ts';
import type { Seed } from './state/seed.ts';
import type { State } from './state/types.ts';
import { DEFAULT_DURATIONS, type Durations } from './tasks/durations.ts';
import { TaskRunner } from './tasks/tasks.ts';

/** How a simulator is to run. */
export interface SimulatorOptions {
  /** 9.2 unless given. */
  release?: Release;
  /** A virtual one unless given. */
  clock?: Clock;
  /** The seed of all that is random; the same one gives the same run. */
  random?: number;
  /** Where work is to take other times than by default. */
  durations?: Partial<Durations>;
}

/** A Proxmox VE cluster in this process. */
export interface Simulator {
  readonly release: Release;
  readonly clock: Clock;
  /** Everything that a test may look at or change without the API. */
  readonly state: State;
  readonly world: World;
  /** Answers one request. With a virtual clock, one that waits needs the clock to be moved meanwhile. */
  handle(request: Request): Promise<Answer>;
}

/** Makes a cluster from its description, or from a state that was dumped. */
export function createSimulator(seed: Seed | { state: State }, options: SimulatorOptions = {}): Simulator {
  const release = options.release ?? '9.2';
  const clock = options.clock ?? new VirtualClock();
  const random = createRandom(options.random ?? 1);
  const state = 'state' in seed ? seed.state : buildState(seed, clock.now(), random);
  const world: World = {
    release,
    clock,
    random,
    state,
    locks: new FileLocks(clock),
    tasks: new TaskRunner(clock, state),
    durations: { ...DEFAULT_DURATIONS, ...options.durations },
    consoles: new Map(),
    reservedPorts: new Map(),
  };
  startBroadcasts(world);
  return { release, clock, state, world, handle: request => handle(world, request) };
}

function handle(world: World, request: Request): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const process = new Process<Answer>(
      self => dispatch(world, handlers, request, self),
      outcome => {
        if (outcome.kind === 'done') resolve(outcome.value);
        else reject(outcome.kind === 'failed' ? outcome.error : new PveError('the API worker was killed'));
      },
    );
    process.start();
  });
}
