import { PveError } from '../engine/errors.ts';
import type { Outcome } from '../engine/process.ts';
import type { TaskState } from '../state/types.ts';

/** What the status of a task says whose worker died without a last word: the last line of its log is no status. */
export function statusOfDead(task: TaskState): string {
  return task.log.length > 0 ? 'unexpected status' : 'unable to read tail (got 0 bytes)';
}

/** The exit status, with the log's last line where the worker could still write one. */
export function exitStatus(task: TaskState, outcome: Outcome<void>, warnings: number): string {
  if (outcome.kind === 'killed') return statusOfDead(task);
  if (outcome.kind === 'failed') {
    const reason = outcome.error instanceof PveError ? outcome.error.text : String(outcome.error);
    const line = reason.trimEnd().replaceAll('\n', ' ');
    task.log.push(`TASK ERROR: ${line}`);
    return line;
  }
  const status = warnings > 0 ? `WARNINGS: ${warnings}` : 'OK';
  task.log.push(warnings > 0 ? `TASK ${status}` : 'TASK OK');
  return status;
}
