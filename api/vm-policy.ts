import { z } from 'zod';
import { conditions, observedGeneration } from './conditions.ts';
import { allocations } from './ledger.ts';
import { perUser, perVM } from './limits.ts';

const seconds = (least: number, most: number, usual: number) => z.int32().min(least).max(most).default(usual);

/** Limits of consoles. `consoleLimits.parse({})` is what holds where no VmPolicy says otherwise. */
export const consoleLimits = z.object({
  ttlSeconds: seconds(10, 300, 60).describe('How long a ConsoleSession waits to be opened.'),
  maxSessionSeconds: seconds(60, 86_400, 14_400).describe('How long an open console lasts at most.'),
  idleTimeoutSeconds: seconds(30, 86_400, 900).describe('How long a console in which nobody types stays open.'),
  maxPerUser: z.int32().min(1).max(100).default(5).describe('Most consoles of one person at a time.'),
});

/** Limits of the snapshots of each machine. */
const snapshotLimits = z.object({
  maxPerVM: z.int32().min(0).max(100).default(5).describe('Most snapshots of one machine.'),
  maxAgeHours: z.int32().min(1).max(87_600).optional().describe('Age at which a snapshot is removed. Absent: never.'),
});

/** Limits across all namespaces. */
export const vmPolicySpec = z.object({
  perUser: perUser()
    .optional()
    .describe('Limits of each owner over all namespaces. Every machine needs an owner then.'),
  perVM: perVM().optional().describe('Limits of each machine, in every namespace. The narrower one of all counts.'),
  unquotaedNamespaces: z
    .enum(['Deny', 'Allow'])
    .default('Deny')
    .describe('Whether machines may be made in a namespace that has no VmQuota.'),
  console: consoleLimits.optional().describe('Limits of consoles.'),
  snapshots: snapshotLimits.optional().describe('Limits of snapshots.'),
});

export type VmPolicySpec = z.infer<typeof vmPolicySpec>;

/** What is taken across namespaces. */
export const vmPolicyStatus = z.object({
  observedGeneration: observedGeneration(),
  conditions: conditions(),
  allocations: allocations(),
});

export type VmPolicyStatus = z.infer<typeof vmPolicyStatus>;

/** The policy of the whole cluster. */
export const vmPolicy = {
  kind: 'VmPolicy',
  plural: 'vmpolicies',
  shortNames: ['vmpol'],
  namespaced: false,
  description: 'VmPolicy limits machines across namespaces. There is one, named "default"; without it nothing is.',
  spec: vmPolicySpec,
  status: vmPolicyStatus,
  rules: [
    {
      rule: "oldSelf.hasValue() || self.metadata.name == 'default'",
      message: 'there is one VmPolicy, and its name is default',
      optionalOldSelf: true,
    },
  ],
  columns: [
    { name: 'Unquotaed', type: 'string', jsonPath: '.spec.unquotaedNamespaces' },
    { name: 'Per-User-VMs', type: 'integer', jsonPath: '.spec.perUser.vms' },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  selectableFields: [],
} as const;
