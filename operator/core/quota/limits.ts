import { toMiB } from '#api/quantity.ts';
import type { VmQuotaSpec } from '#api/vm-quota.ts';
import { type Amounts, type Charge, type Dimension, dimensions } from './amounts.ts';

/** The limits of a VmQuota or of the VmPolicy, whose members are a part of them. */
export type Rules = Partial<VmQuotaSpec> & {
  /** Why a machine is refused that is one too many, where it is not the namespace's or an owner's limit. */
  reason?: Limits['reason'];
  /** Most snapshots of each machine. */
  maxPerVM?: number;
  /** What fields are called, where not as in a VmQuota. */
  names?: FieldNames;
};

/** What the fields of limits are called. */
export interface FieldNames {
  hard: (field: string) => string;
  perUser: (field: string) => string;
  max: string;
  min: string;
}

/** As a VmQuota and the VmPolicy call them. */
export const fieldNamesOf = ({ names }: Rules): FieldNames =>
  names ?? { hard: field => field, perUser: field => `perUser.${field}`, max: 'perVM.max', min: 'perVM.min' };

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
const specNames: Partial<Record<Dimension, string>> = {
  memoryMiB: 'memory',
  storageMiB: 'storage',
  runningMemoryMiB: 'runningMemory',
};

/** The name that a dimension has in a spec. */
export const fieldOf = (dimension: Dimension): string => specNames[dimension] ?? dimension;

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
export function limitsOn(rules: Rules, { owner, template, snapshotOf }: Charge): Limits[] {
  const names = fieldNamesOf(rules);
  const found: Limits[] = [
    { describe: names.hard, most: hardOf(rules), counts: () => true, reason: rules.reason ?? 'QuotaExceeded' },
  ];
  if (rules.perUser && owner !== undefined) {
    found.push({
      describe: field => `${names.perUser(field)} of "${owner}"`,
      most: hardOf({ hard: rules.perUser }),
      counts: charge => charge.owner === owner,
      reason: rules.reason ?? 'UserQuotaExceeded',
    });
  }
  if (rules.maxPerVM !== undefined && snapshotOf !== undefined) {
    found.push({
      describe: () => `snapshots.maxPerVM of "${snapshotOf}"`,
      most: { snapshots: rules.maxPerVM },
      counts: charge => charge.snapshotOf === snapshotOf,
      reason: 'QuotaExceeded',
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
