import type { Metric, Registry } from 'prom-client';
import type { InventoryVm } from '#proxmox/inventory.ts';
import type { Figures } from './figures.ts';

/** What is told of each machine; a value that Proxmox does not give makes no series. */
const series: { name: string; help: string; value: (vm: InventoryVm) => number | undefined }[] = [
  { name: 'berth_vm_running', help: 'Whether the machine runs.', value: vm => Number(vm.status === 'running') },
  { name: 'berth_vm_cpu_ratio', help: 'Share of all its CPUs that it uses, 0 to 1.', value: vm => vm.cpuLoad },
  { name: 'berth_vm_cpus', help: 'CPUs that it has.', value: vm => vm.cpus },
  { name: 'berth_vm_memory_used_bytes', help: 'Memory that it uses.', value: vm => vm.usedMemoryBytes },
  { name: 'berth_vm_memory_bytes', help: 'Memory that it has.', value: vm => vm.memoryBytes },
  { name: 'berth_vm_uptime_seconds', help: 'Time since it was started.', value: vm => vm.uptimeSeconds },
];

/**
 * Adds gauges of every machine, from the poll that is made anyway. They are read at each scrape and not kept: a Gauge of
 * the library would hold six objects for each machine all the time.
 */
export function machineGauges(registry: Registry, figures: Figures): void {
  for (const { name, help, value } of series) {
    const get = async () => ({ name, help, type: 'gauge', aggregator: 'sum', values: valuesOf(figures, value) });
    registry.registerMetric({ name, get, reset() {} } as unknown as Metric);
  }
}

function valuesOf(figures: Figures, value: (vm: InventoryVm) => number | undefined) {
  return [...figures.lines()].flatMap(({ namespace, name, cluster, vm }) => {
    const reading = value(vm);
    const labels = { namespace, name, cluster, node: vm.node, vmid: String(vm.vmid) };
    return reading === undefined ? [] : [{ value: reading, labels }];
  });
}
