import type { ConditionType } from './decision.ts';
import type { Observed } from './observed.ts';

/**
 * Whether a difference that a step sees is somebody's doing in Proxmox, and is to be reported and left: it was as
 * desired for the spec of now. A change of the spec is always carried out.
 */
export function reportsDrift({ vm }: Observed, type: ConditionType): boolean {
  if (vm.spec.drift !== 'Report') return false;
  const told = vm.status?.conditions?.find(condition => condition.type === type);
  const ofNow = told?.observedGeneration === vm.metadata.generation;
  return ofNow && (told?.status === 'True' || told?.reason === 'ExternalDrift');
}
