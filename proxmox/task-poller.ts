import { type Clock, systemClock } from './clock.ts';
import type { TaskCalls, TaskStatus } from './tasks.ts';
import { parseUpid, type Upid } from './upid.ts';

/** How to poll the tasks of a cluster. */
export interface TaskPollerOptions<Key> {
  client: Pick<TaskCalls, 'taskStatus' | 'tasks'>;
  /** Told once for each watched task, when it has ended or vanished. */
  onEnd: (key: Key, status: Exclude<TaskStatus, { state: 'running' }>) => void;
  /** Told of a poll that failed. The tasks stay watched: a node that does not answer ends none of them. */
  onError?: (error: unknown) => void;
  clock?: Clock;
  /**
   * Between a node's first polls, 250 ms unless told: a resize or a start takes about a second, and until its end is
   * seen another machine waits for its turn.
   */
  minIntervalMs?: number;
  /** Between a node's polls when nothing ends, 5 s unless told. */
  maxIntervalMs?: number;
}

/** Watches open tasks for everyone. */
export interface TaskPoller<Key> {
  /** Watches a task, or gives a watched one another key. @throws RangeError at more than {@link maxWatched} tasks */
  watch(upid: Upid, key: Key): void;
  /** Forgets a task. */
  unwatch(upid: Upid): void;
  /** How many tasks are watched. */
  readonly watched: number;
  /** How many calls were made so far. */
  readonly polls: number;
  close(): void;
}

/** Far above what a cluster runs at once (a node's workers, times its nodes): more would be a leak. */
export const maxWatched = 10_000;

/** How many rows of a node's active list are read. A task beyond them is asked for by itself. */
const listLimit = 500;

interface NodeWatch<Key> {
  tasks: Map<Upid, Key>;
  intervalMs: number;
  /** The next poll; none while one is under way. */
  next: { dueAt: number; cancel: () => void } | undefined;
}

/**
 * One poller for a cluster. A node with open tasks is polled, and no other; its interval grows while nothing ends.
 * A single task is asked for its status. Of several, the node's list of active tasks tells which are still running, for
 * one call, and each of the others is asked for its status: being absent from a list ends no task.
 */
export function createTaskPoller<Key>(options: TaskPollerOptions<Key>): TaskPoller<Key> {
  const { client, onEnd, onError, clock = systemClock, minIntervalMs = 250, maxIntervalMs = 5_000 } = options;
  const nodes = new Map<string, NodeWatch<Key>>();
  let closed = false;
  let polls = 0;

  const watched = () => [...nodes.values()].reduce((sum, { tasks }) => sum + tasks.size, 0);

  function schedule(node: string, watch: NodeWatch<Key>): void {
    watch.next?.cancel();
    const cancel = clock.after(watch.intervalMs, () => {
      watch.next = undefined;
      void poll(node, watch);
    });
    watch.next = { dueAt: clock.now() + watch.intervalMs, cancel };
  }

  async function poll(node: string, watch: NodeWatch<Key>): Promise<void> {
    const before = watch.tasks.size;
    watch.intervalMs = Math.min(watch.intervalMs * 1.5, maxIntervalMs);
    // At once: each that has ended gives its slot to somebody who waits.
    await Promise.all((await candidates(node, watch)).map(upid => check(upid, watch)));
    if (closed) return;
    if (watch.tasks.size === 0) {
      nodes.delete(node);
      return;
    }
    if (watch.tasks.size !== before) watch.intervalMs = minIntervalMs;
    schedule(node, watch);
  }

  /** The tasks that may have ended. */
  async function candidates(node: string, { tasks }: NodeWatch<Key>): Promise<Upid[]> {
    if (tasks.size < 2) return [...tasks.keys()];
    try {
      polls += 1;
      const listed = await client.tasks(node, { source: 'active', limit: listLimit });
      const running = new Set(listed.filter(({ status }) => status.state === 'running').map(({ upid }) => upid));
      return [...tasks.keys()].filter(upid => !running.has(upid));
    } catch (error) {
      if (!closed) onError?.(error);
      return [];
    }
  }

  async function check(upid: Upid, { tasks }: NodeWatch<Key>): Promise<void> {
    try {
      polls += 1;
      const status = await client.taskStatus(upid);
      const key = tasks.get(upid);
      if (closed || key === undefined || status.state === 'running') return;
      tasks.delete(upid);
      onEnd(key, status);
    } catch (error) {
      if (!closed) onError?.(error);
    }
  }

  return {
    watch(upid, key) {
      if (closed) return;
      const { node } = parseUpid(upid);
      const known = nodes.get(node);
      const watch = known ?? { tasks: new Map<Upid, Key>(), intervalMs: minIntervalMs, next: undefined };
      const isNew = !watch.tasks.has(upid);
      if (isNew && watched() >= maxWatched) throw new RangeError(`more than ${maxWatched} tasks are watched`);
      watch.tasks.set(upid, key);
      if (!isNew) return;
      nodes.set(node, watch);
      watch.intervalMs = minIntervalMs;
      // Sooner if need be, never later: a node that gets task after task is polled all the same.
      const isLate = watch.next !== undefined && watch.next.dueAt > clock.now() + minIntervalMs;
      if (known === undefined || isLate) schedule(node, watch);
    },
    unwatch(upid) {
      nodes.get(parseUpid(upid).node)?.tasks.delete(upid);
    },
    get watched() {
      return watched();
    },
    get polls() {
      return polls;
    },
    close() {
      closed = true;
      for (const { next } of nodes.values()) next?.cancel();
      nodes.clear();
    },
  };
}
