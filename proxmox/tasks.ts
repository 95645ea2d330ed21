import { z } from 'zod';
import type { Ask } from './ask.ts';
import { ProxmoxError } from './errors.ts';
import { maybe, numeric, text, upid } from './lenient.ts';
import { parseUpid, type Upid } from './upid.ts';

/** How a task ended. */
export interface TaskEnd {
  state: 'ended';
  /** `OK` or `WARNINGS: n`. */
  ok: boolean;
  /** How many warnings: the task did its work, but left something, such as a disk. */
  warnings: number;
  /** The exit text, verbatim: for a failure what `classifyText` takes. */
  exit: string;
}

/**
 * Where a task is. `vanished`: its node does not know it any more (its log was rotated away) or never did; the world has
 * to be looked at instead.
 */
export type TaskStatus = { state: 'running' } | TaskEnd | { state: 'vanished' };

/** A task in its node's list. */
export interface ListedTask {
  upid: Upid;
  type: string;
  /** Mostly a VMID: of a clone, the template's. */
  id: string;
  startedAtSeconds: number;
  status: { state: 'running' } | TaskEnd;
}

/** What to list. The archive has finished tasks only, and all but the newest are missing from `active`. */
export interface TaskFilter {
  source: 'active' | 'archive' | 'all';
  vmid?: number;
  /** `qmclone`, `qmstart`, … */
  typefilter?: string;
  /** Seconds since the epoch. */
  since?: number;
  /** 50 unless told, newest first. */
  limit?: number;
}

/** Calls about tasks. Each throws ProxmoxError. A token sees the tasks of its own. */
export interface TaskCalls {
  taskStatus(upid: Upid): Promise<TaskStatus>;
  tasks(node: string, filter: TaskFilter): Promise<ListedTask[]>;
  /** The first lines of a task's log; none for a task that is not known. */
  taskLog(upid: Upid): Promise<string[]>;
  /** Ends a task by a signal; it cleans up and is over some seconds later. Fine for one that has ended. */
  cancelTask(upid: Upid): Promise<void>;
}

const taskStatusAnswer = z
  .object({ status: z.enum(['running', 'stopped']), exitstatus: maybe(text) })
  .transform(({ status, exitstatus }): TaskStatus => {
    if (status === 'running') return { state: 'running' };
    return endOf(exitstatus ?? 'unexpected status');
  });

const tasksAnswer = z.array(
  z
    .object({ upid, type: text, id: text, starttime: numeric, endtime: maybe(numeric), status: maybe(text) })
    .transform(({ upid, type, id, starttime, endtime, status }): ListedTask => {
      // The running ones of `active` have the status RUNNING, those of `all` may have none.
      const running = endtime === undefined && (status === undefined || status === 'RUNNING');
      return {
        upid,
        type,
        id,
        startedAtSeconds: starttime,
        status: running ? { state: 'running' } : endOf(status ?? 'unexpected status'),
      };
    }),
);

/** How many lines of a log are read: a clone names its volumes at its beginning. */
const logLimit = 100;

/** The log of a task that is not known is an object, and no list [tried on 8.4]. */
const taskLogAnswer = z.union([
  z.array(z.object({ t: text }).transform(({ t }) => t)),
  z.object({ t: text }).transform((): string[] => []),
]);

function endOf(exit: string): TaskEnd {
  const warnings = Number(/^WARNINGS: (\d+)$/.exec(exit)?.[1] ?? 0);
  return { state: 'ended', ok: exit === 'OK' || warnings > 0, warnings, exit };
}

/** Binds {@link TaskCalls}. */
export function taskCalls(ask: Ask): TaskCalls {
  return {
    async taskStatus(upid) {
      try {
        return await ask('taskStatus', { node: parseUpid(upid).node, upid }, {}, taskStatusAnswer);
      } catch (error) {
        if (error instanceof ProxmoxError && error.kind === 'missing') return { state: 'vanished' };
        throw error;
      }
    },
    tasks: (node, filter) => ask('tasks', { node }, { ...filter }, tasksAnswer),
    taskLog: upid => ask('taskLog', { node: parseUpid(upid).node, upid }, { limit: logLimit }, taskLogAnswer),
    async cancelTask(upid) {
      await ask('cancelTask', { node: parseUpid(upid).node, upid }, {}, z.unknown());
    },
  };
}
