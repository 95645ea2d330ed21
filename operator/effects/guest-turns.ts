import type { VirtualMachine } from '#api/kinds.ts';
import type { Logger } from '#kube/telemetry.ts';
import { agentReason } from '../core/guest.ts';
import type { Observed } from '../core/observed.ts';
import { isReady } from '../core/steps/settled.ts';
import type { ClusterLink } from './cluster-link.ts';
import { askGuest } from './guest.ts';
import type { MachineMemory } from './memory.ts';

const asksInSweep = new Set(['AgentResponding', 'AgentSilent', 'PermissionDenied']);

/**
 * A guest that has not answered yet is asked with growing pauses; any other by a sweep, once in a while. What it said is
 * there until it is told.
 */
export function guestTurn(memory: MachineMemory, { vm, sweep }: Observed): Pick<Observed, 'guestTurn' | 'guest'> {
  const reason = agentReason(vm);
  const isAwaited = reason === 'AgentAwaited';
  if (!(isAwaited || asksInSweep.has(reason ?? '')) || !runs(vm)) return {};
  const { tries, inMs, heard } = turnOf(memory, vm);
  if (!isAwaited && !sweep && heard === undefined) return {};
  return { guestTurn: { isDue: inMs <= 0, isAwaited, tries }, ...(heard && { guest: heard }) };
}

/** Milliseconds until a guest is asked that has not answered since its start; for ever where there is none such. */
export const guestInMs = (memory: MachineMemory, vm: VirtualMachine): number =>
  agentReason(vm) === 'AgentAwaited' && runs(vm) ? turnOf(memory, vm).inMs : Number.POSITIVE_INFINITY;

/**
 * Asks a guest beside everything else: neither its machine nor another one waits for a guest that hangs. `wake` is called
 * when there is an answer, or none will come.
 */
export function inquire(
  memory: MachineMemory,
  observed: Observed,
  link: ClusterLink,
  { wake, log }: { wake: () => void; log: Logger },
): void {
  const { vm } = observed;
  const { uid = '' } = vm.metadata;
  const occasion = occasionOf(vm);
  memory.guestAsked(uid);
  void link
    .ofGuests(() => askGuest(observed, link))
    .catch(error => {
      log.error({ err: error }, 'a guest could not be asked');
      return { state: 'unreachable' } as const;
    })
    .then(view => {
      memory.guestHeard(uid, occasion, view);
      wake();
    });
}

const runs = (vm: VirtualMachine): boolean => isReady(vm) && vm.status?.powerState === 'Running';

/** A guest has a new start with each task of its machine. */
const occasionOf = ({ status }: VirtualMachine): string => `${status?.createdAt} ${status?.lastTask?.upid}`;

const turnOf = (memory: MachineMemory, vm: VirtualMachine) => memory.guestTurn(vm.metadata.uid ?? '', occasionOf(vm));
