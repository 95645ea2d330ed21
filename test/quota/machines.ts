import { type VirtualMachine, type VmQuota, virtualMachines, vmQuotas } from '#api/kinds.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import type { KubernetesStage } from '#cli/demo/stage.ts';

/** Creates a small machine. */
export const createMachine = (
  { kube }: KubernetesStage,
  namespace: string,
  name: string,
  spec: Partial<VirtualMachineSpec> = {},
): Promise<VirtualMachine> =>
  kube.create<VirtualMachine>(virtualMachines, {
    metadata: { namespace, name },
    spec: {
      source: { template: { name: 'debian-12', mode: 'Linked' } },
      resources: { cpu: 1, memory: '512Mi' },
      disks: [{ name: 'root', size: '2Gi' }],
      powerState: 'Stopped',
      deletionPolicy: 'Delete',
      ...spec,
    },
  });

export const readMachine = ({ kube }: KubernetesStage, namespace: string, name: string): Promise<VirtualMachine> =>
  kube.get<VirtualMachine>(virtualMachines, { namespace, name });

export const readQuota = ({ kube }: KubernetesStage, namespace: string): Promise<VmQuota> =>
  kube.get<VmQuota>(vmQuotas, { namespace, name: 'default' });

export const machinesIn = async ({ kube }: KubernetesStage, namespace: string): Promise<VirtualMachine[]> =>
  (await kube.list<VirtualMachine>(virtualMachines, { namespace })).items;

/** The condition of a machine for the spec of now, as `True` or `False Reason`. */
export function conditionOf({ metadata, status }: VirtualMachine, type: string): string | undefined {
  const found = status?.conditions?.find(condition => condition.type === type);
  if (found?.observedGeneration !== metadata.generation) return undefined;
  return found?.status === 'True' ? 'True' : found && `${found.status} ${found.reason}`;
}
