import { type Mortal, type Outcome, Process, type Steps, type Wait } from '../engine/process.ts';
import type { World } from '../engine/world.ts';

/** pvedaemon's processes on a node; each does one call at a time [PVE::Service::pvedaemon]. */
const WORKERS = 3;

/** pveproxy waits so long for the daemon or node that it passed a call to [PVE::APIServer::AnyEvent, proxy_request]. */
const SILENCE_MS = 30_000;

/** What pvedaemon of a node has to do. */
export interface Daemon {
  busy: number;
  /** Calls for which no worker is free, in their order. */
  readonly waiting: Set<() => void>;
}

/** The answer did not come in time; the call goes on. */
export const SILENT = Symbol('silent');

/**
 * Lets another daemon do a call, and waits for it as long as pveproxy does.
 * @param node Where pvedaemon does it; undefined where pveproxy of another node does it itself.
 * @param work Gets the process that it runs in, which lives on if nobody waits any more.
 */
export function* passOn<T>(
  world: World,
  node: string | undefined,
  work: (process: Mortal) => Steps<T>,
): Steps<T | typeof SILENT> {
  let outcome: Outcome<T> | undefined;
  let ended = () => {};
  const process = new Process<T>(
    self => (node === undefined ? work(self) : inTurn(world, node, self, work)),
    result => {
      outcome = result;
      ended();
    },
  );
  process.start();
  if (outcome === undefined) {
    yield resume => {
      const stop = world.clock.at(world.clock.now() + SILENCE_MS, () => {
        ended = () => {};
        resume();
      });
      ended = () => {
        stop();
        resume();
      };
      return () => {
        stop();
        ended = () => {};
      };
    };
  }
  return resultOf(outcome as Outcome<T> | undefined);
}

function resultOf<T>(outcome: Outcome<T> | undefined): T | typeof SILENT {
  if (outcome?.kind === 'failed') throw outcome.error;
  return outcome?.kind === 'done' ? outcome.value : SILENT;
}

/** Waits for a worker, has it until the process ends. */
function* inTurn<T>(world: World, node: string, process: Mortal, work: (process: Mortal) => Steps<T>): Steps<T> {
  const daemon = daemonOf(world, node);
  while (daemon.busy >= WORKERS) yield freeWorker(daemon);
  daemon.busy++;
  process.onExit(() => {
    daemon.busy--;
    const [next] = daemon.waiting;
    if (next === undefined) return;
    daemon.waiting.delete(next);
    world.clock.at(world.clock.now(), next);
  });
  return yield* work(process);
}

function freeWorker({ waiting }: Daemon): Wait {
  return resume => {
    waiting.add(resume);
    return () => waiting.delete(resume);
  };
}

function daemonOf(world: World, node: string): Daemon {
  const known = world.daemons.get(node);
  if (known !== undefined) return known;
  const daemon: Daemon = { busy: 0, waiting: new Set() };
  world.daemons.set(node, daemon);
  return daemon;
}
