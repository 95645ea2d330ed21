import type { Steps } from '../engine/process.ts';
import type { Call } from '../engine/world.ts';
import type { Worker } from '../tasks/tasks.ts';

/** Forks the task of a call on one VM. */
export function forkOnVm(call: Call, type: string, body: (worker: Worker) => Steps<void>): string {
  const { world, node, who, params } = call;
  return world.tasks.fork({ node, type, id: String(params.vmid), authid: who.authid }, body);
}
