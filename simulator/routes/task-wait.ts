import type { Steps } from '../engine/process.ts';
import type { World } from '../engine/world.ts';

/** Waits up to `ms` for the end of a task; its exit status, or undefined if it still runs. */
export function* taskSettled(world: World, upid: string, ms: number): Steps<string | undefined> {
  yield resume => {
    const done = () => {
      stop();
      resume();
    };
    const stop = () => {
      cancelTimer();
      world.tasks.listeners.delete(ended);
    };
    const ended = (task: { upid: string }) => {
      if (task.upid !== upid) return;
      stop();
      world.clock.at(world.clock.now(), resume);
    };
    const cancelTimer = world.clock.at(world.clock.now() + ms, done);
    world.tasks.listeners.add(ended);
    return stop;
  };
  return world.state.tasks[upid]?.exitstatus;
}
