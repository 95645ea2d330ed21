import type { VirtualMachine } from '#api/kinds.ts';
import type { Store } from '#kube/store.ts';
import type { ChartRange } from '#proxmox/charts.ts';
import type { InventoryVm } from '#proxmox/inventory.ts';
import type { Snapshot } from '#proxmox/inventory-poller.ts';
import type { ClusterLink } from '../effects/cluster-link.ts';
import type { Links } from '../effects/links.ts';
import { type MachineFigures, pointsOf } from './points.ts';

/** What the shared poll says of one machine. */
export interface Line {
  namespace: string;
  name: string;
  cluster: string;
  vm: InventoryVm;
}

/** The figures of machines: those of the poll that is made anyway, and charts of Proxmox where somebody wants one. */
export interface Figures {
  /** A machine's figures; undefined for one that is not here. Rejects with ProxmoxError. */
  read(key: string, range: 'now' | ChartRange): Promise<MachineFigures | undefined>;
  /** Every machine that the last poll had. */
  lines(): Iterable<Line>;
}

/** How long a chart is good for everybody who asks: less than one of its points. */
const chartMs: Record<ChartRange, number> = { hour: 30_000, day: 300_000, week: 900_000 };

/** Charts that are kept, the oldest going first: some 10 kB each. */
const mostCharts = 500;

/** Charts that are asked for at once: each reads a file on a node. */
const mostAtOnce = 8;

/** Figures over the links to Proxmox. */
export function createFigures(machines: Store<VirtualMachine>, links: Links, now: () => number): Figures {
  const charts = new Map<string, { figures: Promise<MachineFigures>; at: number }>();
  let asked = 0;

  function chart(link: ClusterLink, vm: InventoryVm, range: ChartRange): Promise<MachineFigures> {
    const key = `${link.name}/${vm.vmid}/${range}`;
    const known = charts.get(key);
    if (known && now() - known.at < chartMs[range]) return known.figures;
    if (asked >= mostAtOnce) return Promise.reject(new Error('too many charts are asked for at once'));
    asked += 1;
    const figures = link.client
      .vmChart(vm.node, vm.vmid, range)
      .then(pointsOf)
      .finally(() => {
        asked -= 1;
      });
    charts.delete(key);
    charts.set(key, { figures, at: now() });
    figures.catch(() => charts.delete(key));
    const [oldest] = charts.keys();
    if (charts.size > mostCharts && oldest !== undefined) charts.delete(oldest);
    return figures;
  }

  return {
    async read(key, range) {
      const machine = machines.get(key);
      const { cluster, vmid } = machine?.status ?? {};
      const link = cluster === undefined ? undefined : links.get(cluster);
      const snapshot = link?.inventory.latest;
      if (!machine || !link || !snapshot || vmid === undefined) return undefined;
      const vm = linesOf(snapshot).get(vmid);
      if (!vm) return undefined;
      return range === 'now' ? current(vm, snapshot.takenAt) : chart(link, vm, range);
    },
    *lines() {
      for (const { metadata, status } of machines.list()) {
        const { cluster, vmid } = status ?? {};
        const snapshot = cluster === undefined ? undefined : links.get(cluster)?.inventory.latest;
        const vm = snapshot && vmid !== undefined ? linesOf(snapshot).get(vmid) : undefined;
        if (cluster && vm) yield { namespace: metadata.namespace ?? '', name: metadata.name, cluster, vm };
      }
    },
  };
}

const indexes = new WeakMap<Snapshot, Map<number, InventoryVm>>();

/** An inventory by VMID; the index is made once for each. */
function linesOf(snapshot: Snapshot): Map<number, InventoryVm> {
  const known = indexes.get(snapshot);
  if (known) return known;
  const index = new Map(snapshot.vms.map(vm => [vm.vmid, vm]));
  indexes.set(snapshot, index);
  return index;
}

function current(
  { cpuLoad, usedMemoryBytes, memoryBytes, cpus, uptimeSeconds }: InventoryVm,
  at: number,
): MachineFigures {
  return {
    points: [{ time: new Date(at).toISOString(), cpu: cpuLoad, memoryBytes: usedMemoryBytes }],
    memoryMaxBytes: memoryBytes,
    cpus,
    uptimeSeconds,
  };
}
