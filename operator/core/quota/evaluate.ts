import { type Allocation, snapshotCharge } from '#api/ledger.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import { amountsOf, type Charge, demandOf, dimensions, larger, nothing, sameSize, sumOf } from './amounts.ts';
import { unfit } from './fitness.ts';
import { fieldOf, type Limits, limitsOn, type Rules } from './limits.ts';
import { storagesExceeded } from './storages.ts';
import { amountText } from './words.ts';

/** A machine that asks for room. */
export type MachineApplicant = Asker & { spec: VirtualMachineSpec };

/** A machine, or a snapshot of one. */
export type Applicant = MachineApplicant | (Asker & { spec?: never; snapshotOf: string });

interface Asker {
  /** Key of its entry. */
  name: string;
  uid: string;
  /** The metadata.generation of the spec; admission does not know it. */
  generation?: number;
}

/** One limit that does not let a machine in. */
export interface Violation {
  reason: Limits['reason'] | 'NotAllowed' | 'LedgerFull' | 'Outdated' | 'QuotaNotReady';
  /** Which limit; what was requested, used and allowed; what would fit. */
  text: string;
}

/** What a machine would be charged with, and every limit that this would break. */
export interface Evaluation {
  charge: Charge;
  violations: Violation[];
}

/**
 * Whether a machine may have what its spec asks for, or whether there may be one more snapshot. All violations come at once. Only what grows can violate: a
 * namespace above its limits may still shrink, stop and edit its machines. The charge is never below what the machine
 * is charged with already (I5), since Proxmox has not given that back yet.
 */
export function evaluate(rules: Rules, ledger: readonly Allocation[], applicant: Applicant): Evaluation {
  const { name, spec } = applicant;
  const held = ledger.find(entry => entry.name === name);
  const demand = spec ? demandOf(spec) : snapshotCharge(applicant.snapshotOf);
  const charge = held ? larger(held, demand) : demand;
  const grows = held === undefined || held.owner !== demand.owner || !sameSize(held, charge);
  const unfitness = grows && spec ? unfit(spec, rules).map(text => ({ reason: 'NotAllowed', text }) as const) : [];
  const others = ledger.filter(entry => entry !== held);
  const exceeded = limitsOn(rules, demand).flatMap(limits => exceededOf(limits, others, held, charge));
  const onStorages = storagesExceeded(rules, others, held, charge).map(
    text => ({ reason: 'QuotaExceeded', text }) as const,
  );
  return { charge, violations: [...unfitness, ...exceeded, ...onStorages] };
}

function exceededOf(
  { most, counts, describe, reason }: Limits,
  others: readonly Allocation[],
  held: Allocation | undefined,
  charge: Charge,
): Violation[] {
  if (Object.keys(most).length === 0) return [];
  const taken = sumOf(others.filter(counts));
  const before = held && counts(held) ? amountsOf(held) : nothing;
  const after = amountsOf(charge);
  return dimensions.flatMap(dimension => {
    const limit = most[dimension];
    const growth = after[dimension] - before[dimension];
    if (limit === undefined || growth <= 0 || taken[dimension] + after[dimension] <= limit) return [];
    const used = taken[dimension] + before[dimension];
    const say = (amount: number) => amountText(dimension, amount);
    const fits =
      after[dimension] > limit ? 'it exceeds the limit even alone' : `${say(Math.max(limit - used, 0))} would fit`;
    const text = `${describe(fieldOf(dimension))}: requested ${say(growth)}, used ${say(used)}, hard ${say(limit)}; ${fits}`;
    return [{ reason, text }];
  });
}

/** The sentence that people get, in kubectl as in a condition. `title` names the resource, as `VmQuota "default"`. */
export const refusal = (title: string, violations: readonly Violation[]): string =>
  `exceeded ${title}: ${violations.map(({ text }) => text).join('. ')}.`;
