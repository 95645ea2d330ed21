import type { MachineRights, TenantRights } from '#portal/api.ts';
import type { State } from './state.ts';

/** What can be done with the power of a machine. */
export const powerActions = ['Start', 'Shutdown', 'Restart', 'Pause', 'Stop', 'Reset'] as const;

export type PowerAction = (typeof powerActions)[number];

/** Those that can lose what is not saved: they stand apart. */
export const dangerous: ReadonlySet<PowerAction> = new Set<PowerAction>(['Stop', 'Reset']);

const byState: Partial<Record<State, readonly PowerAction[]>> = {
  Running: ['Shutdown', 'Restart', 'Pause', 'Stop', 'Reset'],
  Changing: ['Shutdown', 'Restart', 'Stop', 'Reset'],
  Stopped: ['Start'],
  Suspended: ['Start'],
  Paused: ['Start', 'Shutdown', 'Stop'],
  // A shutdown that the guest ignores can be made a stop; a start that is wanted no more can be taken back.
  Stopping: ['Stop'],
  Starting: ['Stop'],
};

/** Which power actions are valid in a state and granted. Pure. */
export function powerOf(
  state: State,
  can: Pick<TenantRights, 'update' | 'restart'> & { reset?: boolean },
): PowerAction[] {
  const granted = (action: PowerAction) => {
    if (action === 'Restart') return can.restart;
    return action === 'Reset' ? (can.reset ?? can.restart) : can.update;
  };
  return (byState[state] ?? []).filter(granted);
}

/** What a page offers first: one action for each state. */
export function primaryOf(
  state: State,
  can: Pick<MachineRights, 'update' | 'console'>,
): 'Console' | 'Start' | undefined {
  if (state === 'Running' || state === 'Changing' || state === 'Starting') return can.console ? 'Console' : undefined;
  const startable = state === 'Stopped' || state === 'Suspended' || state === 'Paused';
  return startable && can.update ? 'Start' : undefined;
}
