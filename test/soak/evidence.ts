import type { VirtualMachine } from '#api/kinds.ts';
import type { DemoProxmox } from '#cli/demo/proxmox.ts';
import { disagreements, leftovers } from '#cli/demo/proxmox-check.ts';
import { isStranger } from './strangers.ts';

/** Berth's machines that Proxmox has, by VMID, with the uid of the resource in each marker. */
function ourMachines({ simulator }: DemoProxmox): Map<number, string | undefined> {
  const ours = Object.values(simulator.state.vms).filter(({ vmid }) => !isStranger(vmid));
  return new Map(ours.map(({ vmid, config }) => [vmid, /uid=(\S+)/.exec(config.current.description ?? '')?.[1]]));
}

/** Resources that have more than one machine at this instant. */
export function doubles(proxmox: DemoProxmox): string[] {
  const byUid = Map.groupBy(ourMachines(proxmox), ([, uid]) => uid);
  return [...byUid].flatMap(([uid, machines]) =>
    uid !== undefined && machines.length > 1 ? [`${uid} has the VMs ${machines.map(([vmid]) => vmid).join(', ')}`] : [],
  );
}

/** What is not as it should be once all has come to rest. */
export function discrepancies(machines: VirtualMachine[], proxmox: DemoProxmox): string[] {
  const claimed = new Set(machines.map(({ status }) => status?.vmid));
  const leaked = [...ourMachines(proxmox).keys()].filter(vmid => !claimed.has(vmid));
  return [
    ...machines.flatMap(vm => disagreements(vm, proxmox)),
    ...leaked.map(vmid => `VM ${vmid} belongs to no resource`),
    ...(claimed.size < machines.length ? ['two resources name the same VMID'] : []),
    ...doubles(proxmox),
  ];
}

/** What Proxmox still has in Berth's range, that of strangers left out. */
export const leaks = (proxmox: DemoProxmox): string[] =>
  leftovers(proxmox).filter(left => !isStranger(Number(/^VM (\d+)$/.exec(left)?.[1] ?? 0) || vmidOfVolume(left)));

const vmidOfVolume = (left: string): number => Number(/vm-(\d+)-/.exec(left)?.[1]);
