import type { VirtualMachine } from '#api/kinds.ts';

/** The part of a machine that a person writes: what the cluster adds is left out. Pure. */
export function manifestOf({ metadata, spec }: VirtualMachine) {
  const { name, namespace, labels } = metadata;
  return {
    apiVersion: 'berth.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name, ...(namespace && { namespace }), ...(labels && { labels }) },
    spec,
  };
}
