import type { VmTemplateSpec } from '#api/vm-template.ts';
import type { FieldNames, Rules } from './limits.ts';

const names: FieldNames = {
  hard: () => 'maxVMs',
  perUser: () => 'maxVMsPerUser',
  max: 'maximum',
  min: 'minimum',
};

/** What a VmTemplate says of the machines that are made from it, as limits like those of a VmQuota. */
export function templateRules({ minimum, maximum, maxVMs, maxVMsPerUser }: VmTemplateSpec): Rules {
  return {
    ...(maxVMs !== undefined && { hard: { vms: maxVMs } }),
    ...(maxVMsPerUser !== undefined && { perUser: { vms: maxVMsPerUser } }),
    perVM: { ...(minimum && { min: minimum }), ...(maximum && { max: maximum }) },
    reason: 'TemplateLimitReached',
    names,
  };
}

/** Why a namespace may not use a template, or undefined. */
export function notOffered({ allowedNamespaces }: VmTemplateSpec, namespace: string): string | undefined {
  if (allowedNamespaces?.includes(namespace) ?? true) return undefined;
  return `it is not offered in the namespace "${namespace}"; allowed: ${allowedNamespaces?.join(', ') || 'none'}`;
}

/** Whether limits are counted over machines, and so need a ledger. */
export const isCounted = ({ hard, perUser }: Rules): boolean => hard !== undefined || perUser !== undefined;
