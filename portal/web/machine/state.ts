import type { Condition } from '#api/conditions.ts';
import type { VirtualMachine } from '#api/kinds.ts';

/** One word for what a machine is doing; each has one word in each language. */
export const states = [
  'Running',
  'Stopped',
  'Paused',
  'Suspended',
  'Starting',
  'Stopping',
  'Creating',
  'Changing',
  'Waiting',
  'Deleting',
  'Failed',
  'Missing',
  'Unknown',
] as const;

export type State = (typeof states)[number];

/** States that pass by themselves. */
export const passing: ReadonlySet<State> = new Set<State>(['Starting', 'Stopping', 'Creating', 'Changing', 'Deleting']);

/** The condition of a type. */
export const conditionOf = ({ status }: VirtualMachine, type: string): Condition | undefined =>
  status?.conditions?.find(condition => condition.type === type);

const holds = (machine: VirtualMachine, type: string): boolean => conditionOf(machine, type)?.status === 'True';
const fails = (machine: VirtualMachine, type: string): boolean => conditionOf(machine, type)?.status === 'False';

/** What a machine is doing, from the resource alone. Pure. */
export function stateOf(machine: VirtualMachine): State {
  const { metadata, spec, status } = machine;
  if (metadata.deletionTimestamp) return 'Deleting';
  if (holds(machine, 'Missing')) return 'Missing';
  if (status?.createdAt === undefined) return stateOfUnmade(machine);
  const power = status.powerState ?? 'Unknown';
  if (holds(machine, 'Stalled')) return power === 'Unknown' ? 'Failed' : power;
  const wanted = spec.powerState;
  const differs = (wanted === 'Running' || wanted === 'Stopped') && power !== wanted;
  const unseen = (status.observedGeneration ?? 0) < (metadata.generation ?? 0);
  if (differs && (unseen || fails(machine, 'PowerSynced') || holds(machine, 'Reconciling'))) {
    return wanted === 'Running' ? 'Starting' : 'Stopping';
  }
  if (fails(machine, 'ConfigSynced') || (unseen && !differs)) return 'Changing';
  return power;
}

function stateOfUnmade(machine: VirtualMachine): State {
  if (fails(machine, 'QuotaReserved') || fails(machine, 'Scheduled')) {
    const reason = conditionOf(machine, 'Scheduled')?.reason;
    if (reason === 'Claiming') return 'Creating';
    return conditionOf(machine, 'Stalled')?.reason === 'InvalidSpec' ? 'Failed' : 'Waiting';
  }
  return holds(machine, 'Stalled') ? 'Failed' : 'Creating';
}

/** Something that a person should look at. */
export interface Attention {
  /** `problem` needs a person, `waiting` goes on by itself, `notice` is for when there is time. */
  kind: 'problem' | 'waiting' | 'notice';
  reason: string;
  /** The operator's own sentence, in English. */
  message: string;
}

/** Why a person should look at a machine, the weightiest reason only. Pure. */
export function attentionOf(machine: VirtualMachine): Attention | undefined {
  const found = (type: string, kind: Attention['kind']): Attention | undefined => {
    const condition = conditionOf(machine, type);
    return condition && { kind, reason: condition.reason, message: condition.message };
  };
  if (holds(machine, 'Missing')) return found('Missing', 'problem');
  if (fails(machine, 'QuotaReserved')) return found('QuotaReserved', 'waiting');
  if (holds(machine, 'Stalled')) return found('Stalled', 'problem');
  const reconciling = conditionOf(machine, 'Reconciling');
  if (reconciling?.status === 'True' && reconciling.reason === 'Retrying') {
    const held = machine.status?.conditions?.find(
      ({ type, status }) => status !== 'True' && type !== 'Ready' && type !== 'Missing' && type !== 'GuestAgentReady',
    );
    return { kind: 'waiting', reason: held?.reason ?? 'Retrying', message: reconciling.message };
  }
  if (fails(machine, 'Scheduled') && conditionOf(machine, 'Scheduled')?.reason !== 'Claiming') {
    return found('Scheduled', 'waiting');
  }
  const pending = machine.status?.restartRequiredFor ?? [];
  if (pending.length > 0) return { kind: 'notice', reason: 'RestartRequired', message: pending.join(', ') };
  return undefined;
}
