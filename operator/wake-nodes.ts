import type { VirtualMachine } from '#api/kinds.ts';
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
