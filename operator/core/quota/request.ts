import type { VirtualMachine } from '#api/kinds.ts';
import type { Violation } from './evaluate.ts';

/**
 * The annotation by which people ask for more than their quota has left: on the machine that does not fit, with the
 * reason in their own words.
 */
const requestAnnotation = 'berth.dev/quota-request';

/** Longest reason that is passed on; the limit of the field in the CRD. */
const mostCharacters = 256;

/** Why the owner of a machine asks for more, or undefined. */
export function requestOf({ metadata }: Pick<VirtualMachine, 'metadata'>): string | undefined {
  const text = metadata.annotations?.[requestAnnotation]?.trim();
  return text ? [...text].slice(0, mostCharacters).join('') : undefined;
}

/** Refusals that an administrator can do something about by granting more. */
const grantable: ReadonlySet<string> = new Set<Violation['reason']>([
  'QuotaExceeded',
  'UserQuotaExceeded',
  'TemplateLimitReached',
]);

/** Whether a machine that was refused for a reason may wait for an administrator to grant more. */
export const mayWait = (vm: Pick<VirtualMachine, 'metadata'>, reason: string): boolean =>
  grantable.has(reason) && requestOf(vm) !== undefined;
