import { type Mortal, type Outcome, Process, type Steps, type Wait } from '../engine/process.ts';
import type { Daemon, World } from '../engine/world.ts';
import { type Answer, plainAnswer } from './message.ts';

/** pvedaemon's processes on a node; each does one call at a time [PVE::Service::pvedaemon]. */
const WORKERS = 3;

/** pveproxy waits so long for the daemon or node that it passed a call to [PVE::APIServer::AnyEvent, proxy_request]. */
const SILENCE_MS = 30_000;

/**
 * Lets another daemon do a call, and waits for it as long as pveproxy does; answers with 595 or 596 where nothing comes.
 * @param node Where pvedaemon does it; undefined where pveproxy of another node does it itself.
 * @param work Gets the process that it runs in, which lives on if nobody waits any more.
 */
export function* passOn<T>(
  world: World,
  node: string | undefined,
  work: (process: Mortal) => Steps<T>,
): Steps<T | Answer> {
  const daemon = node === undefined ? undefined : daemonOf(world, node);
  if (daemon?.isDown) return plainAnswer(595, 'Connection refused', false);
  let outcome: Outcome<T> | 'lost' | undefined;
  let wake = () => {};
  const process = new Process<T>(
    self => (daemon === undefined ? work(self) : inTurn(world, daemon, self, work)),
    result => {
      outcome ??= result;
      wake();
    },
  );
  const lose = () => {
    outcome ??= 'lost';
    process.kill();
  };
  daemon?.losses.add(lose);
  process.onExit(() => daemon?.losses.delete(lose));
  process.start();
  if (outcome === undefined) {
    yield resume => {
      const once = () => {
        stop();
        wake = () => {};
        resume();
      };
      const stop = world.clock.at(world.clock.now() + SILENCE_MS, once);
      wake = once;
      return () => {
        stop();
        wake = () => {};
      };
    };
  }
  return resultOf(outcome as Outcome<T> | 'lost' | undefined);
}

function resultOf<T>(outcome: Outcome<T> | 'lost' | undefined): T | Answer {
  if (outcome === undefined) return plainAnswer(596, 'Connection timed out', false);
  if (outcome === 'lost' || outcome.kind === 'killed') return plainAnswer(596, 'Connection reset by peer', false);
  if (outcome.kind === 'failed') throw outcome.error;
  return outcome.value;
}

/** Waits for a worker, has it until the process ends. */
function* inTurn<T>(world: World, daemon: Daemon, process: Mortal, work: (process: Mortal) => Steps<T>): Steps<T> {
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
  const daemon: Daemon = { busy: 0, waiting: new Set(), losses: new Set(), isDown: false };
  world.daemons.set(node, daemon);
  return daemon;
}

/**
 * `systemctl restart pvedaemon`: its calls are lost, the tasks that it forked are told to end, and nobody listens until
 * the answer is called.
 */
export function stopDaemon(world: World, node: string): () => void {
  const daemon = daemonOf(world, node);
  daemon.isDown = true;
  for (const lose of daemon.losses) lose();
  for (const task of world.tasks.running()) if (task.node === node) world.tasks.stop(task.upid);
  return () => {
    daemon.isDown = false;
  };
}
