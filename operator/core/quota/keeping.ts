import type { VirtualMachine, VmQuota, VmSnapshot } from '#api/kinds.ts';
import { mostAllocations, snapshotCharge, snapshotEntryName } from '#api/ledger.ts';
import type { VmQuotaStatus } from '#api/vm-quota.ts';
import { type ConditionUpdate, withConditions } from '../conditions.ts';
import { hasFailed, isTaken } from '../snapshot.ts';
import { type Amounts, demandOf } from './amounts.ts';
import { overdrawn } from './figures.ts';
import { type Ledger, seed } from './ledger.ts';
import { pendingOf } from './pending.ts';

/**
 * The first entries of a ledger: the machines that have a place in Proxmox. What runs, or may, counts as running until
 * it is seen otherwise. `keyOf` names their entries.
 */
export function seedOf(machines: readonly VirtualMachine[], keyOf: (vm: VirtualMachine) => string): Ledger {
  return seed(
    machines
      .filter(({ status }) => status?.vmid !== undefined)
      .map(vm => {
        const demand = demandOf(vm.spec);
        const running = demand.running || vm.status?.powerState !== 'Stopped';
        return { name: keyOf(vm), uid: vm.metadata.uid ?? '', charge: { ...demand, running } };
      }),
  );
}

/** The first entries of the snapshots that Proxmox has, or may have. */
export const snapshotSeedOf = (snapshots: readonly VmSnapshot[]): Ledger =>
  seed(
    snapshots
      .filter(snapshot => isTaken(snapshot) || (snapshot.status?.startedAt !== undefined && !hasFailed(snapshot)))
      .map(({ metadata, spec }) => ({
        name: snapshotEntryName(metadata.name),
        uid: metadata.uid ?? '',
        charge: snapshotCharge(spec.vmName),
      })),
  );

/** What is taken of a quota. */
export interface Taken {
  /** Machines in the ledger. */
  entries: number;
  used: Partial<Amounts>;
}

/** What a VmQuota tells beside its ledger: whether it is in force, whether it is overdrawn, and who waits. */
export function keepingOf(
  { metadata, spec, status }: VmQuota,
  { entries, used }: Taken,
  machines: readonly VirtualMachine[],
  now: number,
): Pick<VmQuotaStatus, 'conditions' | 'pending' | 'observedGeneration'> {
  const { generation } = metadata;
  const updates = [readiness(entries), overdraft(overdrawn(spec, used))];
  return {
    ...(generation !== undefined && { observedGeneration: generation }),
    conditions: withConditions(status?.conditions ?? [], updates, [], generation, now),
    pending: pendingOf(machines),
  };
}

function readiness(entries: number): ConditionUpdate {
  if (entries < mostAllocations) {
    return { type: 'Ready', status: 'True', reason: 'Counted', message: 'Every machine of the namespace is counted.' };
  }
  const message = `The ledger is full with ${mostAllocations} machines; no further one can be made in this namespace.`;
  return { type: 'Ready', status: 'False', reason: 'LedgerFull', message };
}

function overdraft(overdrafts: string[]): ConditionUpdate {
  if (overdrafts.length === 0) {
    return { type: 'OverQuota', status: 'False', reason: 'WithinLimits', message: 'No more is used than allowed.' };
  }
  const message = `${overdrafts.join('. ')}. Nothing is stopped; nothing may grow.`;
  return { type: 'OverQuota', status: 'True', reason: 'LimitsExceeded', message };
}
