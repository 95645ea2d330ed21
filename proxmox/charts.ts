import { z } from 'zod';
import type { Ask } from './ask.ts';
import { maybe, numeric } from './lenient.ts';

/** How far back a chart goes: 70 points of a minute, of half an hour, of three hours. */
export type ChartRange = 'hour' | 'day' | 'week';

const point = z
  .object({
    time: numeric,
    cpu: maybe(numeric),
    maxcpu: maybe(numeric),
    mem: maybe(numeric),
    maxmem: maybe(numeric),
    netin: maybe(numeric),
    netout: maybe(numeric),
    diskread: maybe(numeric),
    diskwrite: maybe(numeric),
  })
  .transform(({ time, cpu, maxcpu, mem, maxmem, netin, netout, diskread, diskwrite }) => ({
    /** Seconds since the epoch. */
    time,
    /** Share of all its CPUs, 0 to 1. */
    cpuLoad: cpu,
    cpus: maxcpu,
    usedMemoryBytes: mem,
    memoryBytes: maxmem,
    netInBytesPerSecond: netin,
    netOutBytesPerSecond: netout,
    diskReadBytesPerSecond: diskread,
    diskWriteBytesPerSecond: diskwrite,
  }));

/** What Proxmox remembers of a VM at a time; nothing but the time where it was off. */
export type ChartPoint = z.output<typeof point>;

/** Calls about charts. Each throws ProxmoxError. */
export interface ChartCalls {
  /** Averages of a VM, the oldest first. */
  vmChart(node: string, vmid: number, range: ChartRange): Promise<ChartPoint[]>;
}

/** Binds {@link ChartCalls}. */
export const chartCalls = (ask: Ask): ChartCalls => ({
  vmChart: (node, vmid, range) =>
    ask('vmChart', { node, vmid }, { timeframe: range, cf: 'AVERAGE' }, z.array(point).max(1000)),
});
