import type { Allocation } from '#api/ledger.ts';
import type { VmQuotaStatus } from '#api/vm-quota.ts';
import { type Amounts, type Dimension, dimensions, sumOf } from './amounts.ts';
import { fieldOf, hardOf, type Rules } from './limits.ts';
import { amountText } from './words.ts';

/** What a status tells of a ledger: limits, use, and both for the columns of `kubectl get`. */
export function figuresOf(
  rules: Rules,
  ledger: readonly Allocation[],
): Pick<VmQuotaStatus, 'hard' | 'used' | 'summary'> {
  const hard = hardOf(rules);
  const used = sumOf(ledger);
  const ratio = (dimension: Dimension) =>
    `${amountText(dimension, used[dimension])}/${amountText(dimension, hard[dimension])}`;
  const summary = {
    vms: ratio('vms'),
    cpu: ratio('cpu'),
    memory: ratio('memoryMiB'),
    storage: ratio('storageMiB'),
    snapshots: ratio('snapshots'),
  };
  return { hard, used, summary };
}

/** The dimensions in which more is used than allowed, each in words. */
export function overdrawn(rules: Rules, used: Partial<Amounts>): string[] {
  const hard = hardOf(rules);
  return dimensions.flatMap(dimension => {
    const limit = hard[dimension];
    const taken = used[dimension] ?? 0;
    if (limit === undefined || taken <= limit) return [];
    return [`${fieldOf(dimension)}: used ${amountText(dimension, taken)}, hard ${amountText(dimension, limit)}`];
  });
}
