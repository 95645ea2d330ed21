import { type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';

/** Every VirtualMachine, by namespace and name. */
export async function listMachines(kube: KubeClient): Promise<VirtualMachine[]> {
  const { items } = await kube.list<VirtualMachine>(virtualMachines);
  const placeOf = ({ metadata }: VirtualMachine) => `${metadata.namespace}/${metadata.name}`;
  return items.sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
}

/** Whether a machine is as desired, for what it desires now. */
export function isReady({ metadata, status }: VirtualMachine): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' && ready.observedGeneration === metadata.generation;
}

/** The machines as a table for a terminal, a line each, under a line of headings. */
export function machineTable(machines: VirtualMachine[]): string[] {
  const headings = ['NAMESPACE', 'NAME', 'STATUS', 'READY', 'VMID', 'NODE', 'WHAT IS GOING ON'];
  const rows = machines.map(({ metadata, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    return [
      metadata.namespace ?? '',
      metadata.name,
      status?.printableStatus ?? 'Pending',
      ready?.status ?? 'Unknown',
      String(status?.vmid ?? ''),
      status?.node ?? '',
      ready?.message ?? 'The operator has not seen it yet.',
    ];
  });
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map(row => row[column]?.length ?? 0)));
  return all.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
