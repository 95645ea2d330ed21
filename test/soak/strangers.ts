import { type DemoProxmox, vmidRange } from '#cli/demo/proxmox.ts';

/** VMIDs in Berth's own range that somebody else has taken. */
const intruders = [vmidRange.start + 1, vmidRange.start + 7, vmidRange.start + 20];

/** The machine of somebody else that every simulated Proxmox has. */
const model = 100;

/**
 * Puts machines of others where Berth's are, as like them as they can be: by VMID, name and tag, and by the marker of
 * another Kubernetes cluster.
 */
export function addStrangers({ simulator }: DemoProxmox): void {
  const stranger = simulator.state.vms[model];
  if (!stranger) throw new Error(`the simulator has no VM ${model}`);
  for (const [index, vmid] of intruders.entries()) {
    const vm = structuredClone(stranger);
    vm.vmid = vmid;
    vm.config.current = {
      ...vm.config.current,
      name: `vm-${index}`,
      tags: 'berth',
      description: `berth: another-cluster/soak/vm-${index} uid=00000000-0000-4000-8000-00000000000${index} vmid=${vmid}`,
    };
    simulator.state.vms[vmid] = vm;
  }
}

/** Whether a VMID was somebody else's from the start. */
export const isStranger = (vmid: number): boolean =>
  intruders.includes(vmid) || vmid < vmidRange.start || vmid > vmidRange.end;

/** All there is to see of strangers, templates and their volumes, as text to be compared. */
export function strangersOf({ simulator }: DemoProxmox): string {
  const { vms, storages } = simulator.state;
  const machines = Object.values(vms).filter(({ vmid }) => isStranger(vmid));
  const volumes = Object.values(storages).flatMap(({ places }) =>
    Object.values(places).flatMap(place =>
      Object.entries(place.volumes).filter(([, volume]) => volume.vmid !== undefined && isStranger(volume.vmid)),
    ),
  );
  return JSON.stringify({
    machines: machines.map(({ vmid, node, config, run }) => ({ vmid, node, config, run })),
    volumes,
  });
}
