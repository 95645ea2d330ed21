import type { ProxmoxCluster, VirtualMachine } from '#api/kinds.ts';
import type { Claim } from '#api/proxmox-cluster.ts';
import type { Store } from '#kube/store.ts';
import { chargedSize } from './core/held-size.ts';
import type { MachineSize } from './core/machine.ts';

/** The node that a machine waits on for room to grow. */
export const awaitedNode = ({ status }: VirtualMachine): string[] =>
  status?.node !== undefined && status.conditions?.some(({ reason }) => reason === 'NodeCapReached')
    ? [status.node]
    : [];

/** Which machines a change of another one concerns: those that wait to grow on a node that has more room than before. */
export function nodeConcerns(machines: Store<VirtualMachine>): (kind: string, vm: VirtualMachine) => VirtualMachine[] {
  const before = new Map<string, { node: string } & MachineSize>();
  return (kind, vm) => {
    const { uid = '' } = vm.metadata;
    const known = before.get(uid);
    const node = vm.status?.node;
    const charged = chargedSize(vm);
    if (kind === 'deleted' || node === undefined) before.delete(uid);
    else before.set(uid, { node, ...charged });
    if (!known) return [];
    const leaves = kind === 'deleted' || node !== known.node;
    const hasRoom = leaves || charged.cpu < known.cpu || charged.memoryMiB < known.memoryMiB;
    return hasRoom ? machines.byIndex('awaitedNode', known.node) : [];
  };
}

/** Which machines a change of a ProxmoxCluster concerns: those that wait to grow on a node that a claim on has gone. */
export function claimConcerns(machines: Store<VirtualMachine>): (cluster: ProxmoxCluster) => VirtualMachine[] {
  const before = new Map<string, Claim[]>();
  return ({ metadata: { name }, status }) => {
    const known = before.get(name) ?? [];
    const standing = status?.inFlight ?? [];
    before.set(name, standing);
    const uids = new Set(standing.map(({ uid }) => uid));
    const nodes = new Set(known.flatMap(({ uid, node }) => (uids.has(uid) ? [] : [node])));
    return [...nodes].flatMap(node => machines.byIndex('awaitedNode', node));
  };
}
