import type { VirtualMachine } from '#api/kinds.ts';
import { conditionOf } from './state.ts';

/** The conditions of a machine in the order in which they come true. */
export const stepConditions = ['QuotaReserved', 'Scheduled', 'Provisioned', 'ConfigSynced', 'PowerSynced'] as const;

export type StepCondition = (typeof stepConditions)[number];

/** One step on the way to what is desired. */
export interface Step {
  condition: StepCondition;
  state: 'done' | 'now' | 'failed' | 'later';
  reason: string | undefined;
  message: string | undefined;
}

/** How far a machine is. Pure: a step is done, under way, failed, or still to come. */
export function stepsOf(machine: VirtualMachine): Step[] {
  const stalled = conditionOf(machine, 'Stalled')?.status === 'True';
  let reached = false;
  return stepConditions.map(condition => {
    const found = conditionOf(machine, condition);
    const done = found?.status === 'True' && !reached;
    const current = !done && !reached;
    if (current) reached = true;
    const state = done ? 'done' : !current ? 'later' : stalled ? 'failed' : 'now';
    const told = done || current;
    return { condition, state, reason: told ? found?.reason : undefined, message: told ? found?.message : undefined };
  });
}
