import type { Condition } from '#api/conditions.ts';
import type { VirtualMachine } from '#api/kinds.ts';

type Told = Record<string, [status: Condition['status'], reason: string]>;

/** A machine that has what a test is about, and is settled and running in everything else. */
export function machineWith({
  spec = {},
  status = {},
  metadata = {},
  conditions = {},
}: {
  spec?: Partial<VirtualMachine['spec']>;
  status?: Partial<VirtualMachine['status']>;
  metadata?: Partial<VirtualMachine['metadata']>;
  conditions?: Told;
} = {}): VirtualMachine {
  return {
    apiVersion: 'berth.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name: 'web-1', namespace: 'team-a', uid: 'u1', generation: 1, ...metadata },
    spec: {
      source: { template: { name: 'debian-12' } },
      resources: { cpu: 2, memory: '4Gi' },
      disks: [{ name: 'root', size: '20Gi' }],
      powerState: 'Running',
      deletionPolicy: 'Delete',
      ...spec,
    },
    status: {
      observedGeneration: 1,
      powerState: 'Running',
      createdAt: '2026-01-01T00:00:00Z',
      conditions: Object.entries(conditions).map(([type, [told, reason]]) => ({
        type,
        status: told,
        reason,
        message: `${reason}.`,
        lastTransitionTime: '2026-01-01T00:00:00Z',
      })),
      ...status,
    },
  };
}
