import { z } from 'zod';
import { statusOfDead } from '../tasks/exit-status.ts';
import type { State } from './types.ts';

/** A simulated cluster at some moment, as JSON. */
export interface Dump {
  release: '8.4' | '9.2';
  /** Milliseconds since the epoch. */
  time: number;
  state: State;
}

const records = z.record(z.string(), z.record(z.string(), z.unknown()));

/** Only so much is checked that what is no dump at all is told apart: a dump is written by the simulator. */
const dumpSchema = z.object({
  release: z.enum(['8.4', '9.2']),
  time: z.number(),
  state: z.looseObject({
    cluster: z.record(z.string(), z.unknown()),
    nodes: records,
    storages: records,
    vms: records,
    containers: records,
    pools: records,
    access: z.record(z.string(), z.unknown()),
    tasks: records,
    ha: records,
    firewall: records,
    broadcasts: z.record(z.string(), z.unknown()),
    log: z.array(z.unknown()),
  }),
});

/** Reads what was a dump once. @throws Error that lists each problem with the place it is at. */
export function parseDump(value: unknown): Dump {
  const result = dumpSchema.safeParse(value);
  if (!result.success) throw new Error(`the dump is not valid:\n${z.prettifyError(result.error)}`);
  return structuredClone(value) as Dump;
}

/** A dump knows no workers: tasks that ran have died, and what they were at is left as it was. */
export function endTasks(state: State, now: number): void {
  for (const task of Object.values(state.tasks)) {
    if (task.exitstatus !== undefined) continue;
    task.exitstatus = statusOfDead(task);
    task.endtime = Math.floor(now / 1000);
  }
}
