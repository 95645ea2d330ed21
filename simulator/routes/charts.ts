import type { Call, Handlers, World } from '../engine/world.ts';
import { text } from '../engine/world.ts';
import { placeOf, storageOf } from '../storage/volumes.ts';
import { vmOn } from '../vm/config.ts';
import { statisticsOf } from '../vm/statistics.ts';
import { nodeOf } from './nodes.ts';

/** The step of each time frame in seconds; a chart has 70 points. */
const STEPS: Record<string, number> = {
  hour: 60,
  day: 1800,
  week: 10_800,
  month: 43_200,
  year: 604_800,
  decade: 604_800,
};

const POINTS = 70;

type Point = Record<string, number>;

/** Points up to now; those before `since` (ms) have nothing but their time. */
function chart(world: World, timeframe: string, since: number, valuesAt: (seconds: number) => Point): Point[] {
  const step = STEPS[timeframe] ?? 60;
  const last = Math.floor(world.clock.now() / 1000 / step) * step;
  return Array.from({ length: POINTS }, (_, index) => {
    const time = last - (POINTS - 1 - index) * step;
    return time * 1000 < since ? { time } : { time, ...valuesAt(time) };
  });
}

/**
 * GET rrddata of a VM: rates instead of the counters of the lists. The call is not passed on to the node in its path:
 * every node has the charts of all [PVE::API2::Qemu, rrddata has no proxyto].
 */
export function vmCharts({ world, node, params }: Call): Point[] {
  const vmid = Number(params.vmid);
  const vm = vmOn(world, world.state.vms[vmid]?.node ?? node, vmid);
  const { maxcpu, maxmem, maxdisk } = statisticsOf(world, vm);
  const since = vm.run?.startedAt ?? Number.POSITIVE_INFINITY;
  return chart(world, text(params, 'timeframe') ?? 'hour', since, time => {
    const phase = (1 + Math.sin(time / 600 + vm.vmid)) / 2;
    return {
      maxcpu,
      maxmem,
      maxdisk,
      disk: 0,
      cpu: 0.02 + 0.2 * phase,
      mem: Math.floor(maxmem * (0.3 + 0.2 * phase)),
      netin: 1200 * phase,
      netout: 800 * phase,
      diskread: 4096 * phase,
      diskwrite: 8192 * phase,
    };
  });
}

/** The charts of nodes and storages. */
export const charts: Handlers = {
  'GET /nodes/{node}/rrddata': ({ world, node: name, params }) => {
    const node = nodeOf(world, name);
    return chart(world, text(params, 'timeframe') ?? 'hour', node.bootedAt, time => {
      const phase = (1 + Math.sin(time / 600)) / 2;
      const cpu = 0.1 + 0.3 * phase;
      return {
        cpu,
        maxcpu: node.cpus,
        loadavg: cpu * node.cpus,
        iowait: 0.01,
        memtotal: node.memory,
        memused: Math.floor(node.memory * (0.2 + 0.1 * phase)),
        swaptotal: 0,
        swapused: 0,
        roottotal: node.rootSize,
        rootused: Math.floor(node.rootSize / 10),
        netin: 5000 * phase,
        netout: 4000 * phase,
      };
    });
  },
  'GET /nodes/{node}/storage/{storage}/rrddata': ({ world, node, params }) => {
    const storage = storageOf(world, String(params.storage));
    const { foreignBytes, usedBytes } = placeOf(storage, node);
    const values = { total: storage.size, used: foreignBytes + usedBytes };
    return chart(world, text(params, 'timeframe') ?? 'hour', 0, () => values);
  },
};
