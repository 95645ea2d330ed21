import type { ProxmoxCluster, VirtualMachine } from '#api/kinds.ts';
import type { Finding } from './decision.ts';

/** The ProxmoxCluster of a machine: the one it lives in, the one it names, or the default one. */
export function clusterOf(vm: VirtualMachine, clusters: ProxmoxCluster[]): ProxmoxCluster | Finding {
  const name = vm.status?.cluster ?? vm.spec.clusterRef?.name;
  if (name !== undefined) {
    const found = clusters.find(({ metadata }) => metadata.name === name);
    return found ?? { reason: 'ClusterNotFound', message: `There is no ProxmoxCluster "${name}".` };
  }
  const defaults = clusters.filter(({ spec }) => spec.default === 'Enabled');
  const [only, ...others] = defaults;
  if (only === undefined) {
    return {
      reason: 'ClusterNotFound',
      message:
        'No ProxmoxCluster is the default one: name one in spec.clusterRef.name, or set default: Enabled on one.',
    };
  }
  if (others.length > 0) {
    const names = defaults.map(({ metadata }) => metadata.name).join(', ');
    return { reason: 'ClusterAmbiguous', message: `More than one ProxmoxCluster is the default one: ${names}.` };
  }
  return only;
}

/** Whether a cluster was found. */
export const isCluster = (found: ProxmoxCluster | Finding): found is ProxmoxCluster => 'spec' in found;
