import type { VirtualMachine } from '#api/kinds.ts';
import { agentReason } from '../core/guest.ts';
import type { Observed } from '../core/observed.ts';
import { isReady } from '../core/steps/settled.ts';
import type { MachineMemory } from './memory.ts';

const asksInSweep = new Set(['AgentResponding', 'AgentSilent', 'PermissionDenied']);

/** A guest that has not answered yet is asked with growing pauses; any other by a sweep, once in a while. */
export function guestTurn(memory: MachineMemory, { vm, sweep }: Observed): Observed['guestTurn'] {
  const reason = agentReason(vm);
  const isAwaited = reason === 'AgentAwaited';
  const isAsked = isAwaited || (sweep && asksInSweep.has(reason ?? ''));
  if (!isAsked || !runs(vm)) return undefined;
  const { tries, inMs } = turnOf(memory, vm);
  return { isDue: inMs <= 0, isAwaited, tries };
}

/** Milliseconds until a guest is asked that has not answered since its start; for ever where there is none such. */
export const guestInMs = (memory: MachineMemory, vm: VirtualMachine): number =>
  agentReason(vm) === 'AgentAwaited' && runs(vm) ? turnOf(memory, vm).inMs : Number.POSITIVE_INFINITY;

const runs = (vm: VirtualMachine): boolean => isReady(vm) && vm.status?.powerState === 'Running';

/** A guest has a new start with each task of its machine. */
const turnOf = (memory: MachineMemory, { metadata, status }: VirtualMachine) =>
  memory.guestTurn(metadata.uid ?? '', `${status?.createdAt} ${status?.lastTask?.upid}`);
