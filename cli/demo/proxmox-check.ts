import type { VirtualMachine } from '#api/kinds.ts';
import { toMiB } from '#api/quantity.ts';
import { poolOfVm } from '#simulator/auth/membership.ts';
import type { DemoProxmox } from './proxmox.ts';
import { vmidRange } from './proxmox.ts';

/** What Proxmox' own state says against a machine that claims to be ready; nothing where it agrees. */
export function disagreements(
  { metadata, spec, status }: VirtualMachine,
  { simulator }: DemoProxmox,
  poolPrefix?: string,
): string[] {
  const who = `${metadata.namespace}/${metadata.name}`;
  const vm = simulator.state.vms[status?.vmid ?? 0];
  if (!vm) return [`${who}: Proxmox has no VM ${status?.vmid}`];
  const { current } = vm.config;
  const sockets = spec.resources.sockets ?? 1;
  const disks = Object.entries(current).flatMap(([key, value]) =>
    /^(scsi|virtio|sata|ide)\d/.test(key) && /^ceph:(vm|base)-.*disk/.test(value) ? [value] : [],
  );
  const seen: Record<string, unknown> = {
    node: vm.node,
    running: vm.run !== undefined,
    cpu: Number(current.cores ?? 1) * Number(current.sockets ?? 1),
    sockets: Number(current.sockets ?? 1),
    memoryMiB: Number(current.memory),
    name: current.name,
    tags: current.tags,
    disks: disks.map(sizeMiB).sort(),
    marked: current.description?.includes(`uid=${metadata.uid}`),
    locked: current.lock,
    pool: poolOfVm(simulator.state, vm.vmid),
  };
  const wanted: Record<string, unknown> = {
    node: status?.node,
    running: spec.powerState === 'Unmanaged' ? vm.run !== undefined : spec.powerState !== 'Stopped',
    cpu: spec.resources.cpu,
    sockets,
    memoryMiB: toMiB(spec.resources.memory),
    name: spec.hostname ?? metadata.name,
    tags: [...new Set([...(spec.tags ?? []), 'berth'])].sort().join(';'),
    disks: spec.disks.map(({ size }) => toMiB(size)).sort(),
    marked: true,
    locked: undefined,
    pool: poolPrefix && `${poolPrefix}${metadata.namespace}`,
  };
  return Object.keys(wanted)
    .filter(key => JSON.stringify(wanted[key]) !== JSON.stringify(seen[key]))
    .map(key => `${who}: ${key} should be ${JSON.stringify(wanted[key])}, is ${JSON.stringify(seen[key])} in Proxmox`);
}

function sizeMiB(drive: string): number {
  const [, amount, unit] = /size=(\d+)([MGT])/.exec(drive) ?? [];
  return Number(amount) * ({ M: 1, G: 1024, T: 1024 * 1024 }[unit ?? 'M'] ?? 1);
}

/** Machines in Berth's range, and volumes of them, that are still in Proxmox. */
export function leftovers({ simulator }: DemoProxmox): string[] {
  const ours = (vmid: number | undefined) => vmid !== undefined && vmid >= vmidRange.start && vmid <= vmidRange.end;
  const { vms, storages } = simulator.state;
  const machines = Object.values(vms).filter(({ vmid }) => ours(vmid));
  const volumes = Object.values(storages).flatMap(({ id, places }) =>
    Object.values(places).flatMap(place =>
      Object.entries(place.volumes)
        .filter(([, volume]) => ours(volume.vmid))
        .map(([name]) => `volume ${id}:${name}`),
    ),
  );
  return [...machines.map(({ vmid }) => `VM ${vmid}`), ...volumes];
}

/** How often a machine was booted: its successful starts. */
export const boots = ({ simulator }: DemoProxmox, vmid: number): number =>
  Object.values(simulator.state.tasks).filter(
    task => task.type === 'qmstart' && task.id === String(vmid) && task.exitstatus === 'OK',
  ).length;
