import { broadcastAll, startRounds } from './engine/broadcasts.ts';
import { type Clock, VirtualClock } from './engine/clock.ts';
import { PveError } from './engine/errors.ts';
import { FileLocks } from './engine/file-locks.ts';
import { Process } from './engine/process.ts';
import { createRandom } from './engine/random.ts';
import type { World } from './engine/world.ts';
import { Faults } from './faults/faults.ts';
import { dispatch } from './http/dispatch.ts';
import type { Answer, Request } from './http/message.ts';
import { RequestLog } from './inspect/request-log.ts';
import { handlers } from './routes/table.ts';
import type { Release } from './schema/routes.ts';
import { buildState } from './state/build.ts';
import { type Dump, endTasks, parseDump } from './state/dump.ts';
import type { Seed } from './state/seed.ts';
import type { State } from './state/types.ts';
import { DEFAULT_DURATIONS, type Durations } from './tasks/durations.ts';
import { TaskRunner } from './tasks/tasks.ts';
import { startHaManager } from './vm/ha-manager.ts';

/** How a simulator is to run. */
export interface SimulatorOptions {
  /** 9.2 unless given, or dumped. */
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
  /** What is to go wrong. */
  readonly faults: Faults;
  /** What was asked and answered. */
  readonly requests: RequestLog;
  /** Answers one request. With a virtual clock, one that waits needs the clock to be moved meanwhile. */
  handle(request: Request): Promise<Answer>;
  /** All that there is, to be given to {@link createSimulator} later, as JSON if need be. */
  dump(): Dump;
  /** Becomes what was dumped, in place: `state` stays the same object. Running tasks die. @throws Error for no dump. */
  load(dump: unknown): void;
}

/** Makes a cluster from its description, or from what was dumped. */
export function createSimulator(seed: Seed | Dump, options: SimulatorOptions = {}): Simulator {
  const dumped = 'state' in seed ? parseDump(seed) : undefined;
  const release = options.release ?? dumped?.release ?? '9.2';
  const clock = options.clock ?? new VirtualClock(dumped?.time);
  const random = createRandom(options.random ?? 1);
  const state = dumped?.state ?? buildState(seed as Seed, clock.now(), random);
  endTasks(state, clock.now());
  const world: World = {
    release,
    clock,
    random,
    state,
    locks: new FileLocks(clock),
    tasks: new TaskRunner(clock, state),
    durations: { ...DEFAULT_DURATIONS, ...options.durations },
    consoles: new Map(),
    daemons: new Map(),
    reservedPorts: new Map(),
  };
  const faults = new Faults(createRandom((options.random ?? 1) + 1));
  const requests = new RequestLog();
  if (dumped === undefined) broadcastAll(world);
  startRounds(world);
  startHaManager(world);
  return {
    release,
    clock,
    state,
    world,
    faults,
    requests,
    handle: request => handle(world, faults, requests, request),
    dump: () => structuredClone({ release, time: clock.now(), state }),
    load: dump => load(world, parseDump(dump)),
  };
}

function handle(world: World, faults: Faults, requests: RequestLog, request: Request): Promise<Answer> {
  const started = world.clock.now();
  return new Promise((resolve, reject) => {
    const process = new Process<Answer>(
      self => faults.around(world, request, () => dispatch(world, handlers, request, self)),
      outcome => {
        if (outcome.kind === 'done') {
          requests.note(request, outcome.value, started, world.clock.now() - started);
          resolve(outcome.value);
        } else {
          reject(outcome.kind === 'failed' ? outcome.error : new PveError('the API worker was killed'));
        }
      },
    );
    process.start();
  });
}

function load(world: World, { state }: Dump): void {
  for (const task of world.tasks.running()) world.tasks.kill(task.upid);
  world.consoles.clear();
  Object.assign(world.state, state);
  endTasks(world.state, world.clock.now());
}
