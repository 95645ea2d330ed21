import { z } from 'zod';
import { conditions, observedGeneration } from './conditions.ts';
import { allocations } from './ledger.ts';
import { perUser, perVM } from './limits.ts';

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
