import { toMiB } from '#api/quantity.ts';
import type { VmQuotaSpec } from '#api/vm-quota.ts';
import { type Amounts, type Charge, type Dimension, dimensions } from './amounts.ts';

/** The limits of a VmQuota or of the VmPolicy, whose members are a part of them. */
export type Rules = Partial<VmQuotaSpec>;

/** Limits on what some of the machines take together. */
export interface Limits {
  /** As people know them: `cpu`, `perUser.cpu of "alice"`. */
  describe: (field: string) => string;
  most: Partial<Amounts>;
  /** Which machines count. */
  counts: (charge: Charge) => boolean;
  reason: 'QuotaExceeded' | 'UserQuotaExceeded' | 'TemplateLimitReached';
}

/** What the API calls a dimension. */
const fieldNames: Partial<Record<Dimension, string>> = {
  memoryMiB: 'memory',
  storageMiB: 'storage',
  runningMemoryMiB: 'runningMemory',
};

/** The name that a dimension has in a spec. */
export const fieldOf = (dimension: Dimension): string => fieldNames[dimension] ?? dimension;

/** The limits of the namespace as a whole. */
export function hardOf({ hard = {} }: Rules): Partial<Amounts> {
  const limits: Partial<Amounts> = {};
  for (const dimension of dimensions) {
    const limit = (hard as Record<string, number | string | undefined>)[fieldOf(dimension)];
    if (limit !== undefined) limits[dimension] = typeof limit === 'string' ? toMiB(limit) : limit;
  }
  return limits;
}

/** Every limit that a machine with this charge is under. */
export function limitsOn(rules: Rules, { owner, template }: Charge): Limits[] {
  const found: Limits[] = [
    { describe: field => field, most: hardOf(rules), counts: () => true, reason: 'QuotaExceeded' },
  ];
  if (rules.perUser && owner !== undefined) {
    found.push({
      describe: field => `perUser.${field} of "${owner}"`,
      most: hardOf({ hard: rules.perUser }),
      counts: charge => charge.owner === owner,
      reason: 'UserQuotaExceeded',
    });
  }
  const share = rules.perTemplate?.find(entry => entry.template === template);
  if (share) {
    found.push({
      describe: field => `perTemplate.${field} of "${template}"`,
      most: { vms: share.vms },
      counts: charge => charge.template === template,
      reason: 'TemplateLimitReached',
    });
  }
  return found;
}
