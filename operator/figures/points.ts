import type { ChartPoint } from '#proxmox/charts.ts';

/** The figures of a machine, as `machineMetrics` of portal/api.ts has them. */
export interface MachineFigures {
  points: {
    time: string;
    cpu?: number | undefined;
    memoryBytes?: number | undefined;
    netInBytesPerSecond?: number | undefined;
    netOutBytesPerSecond?: number | undefined;
    diskReadBytesPerSecond?: number | undefined;
    diskWriteBytesPerSecond?: number | undefined;
  }[];
  memoryMaxBytes?: number | undefined;
  cpus?: number | undefined;
  uptimeSeconds?: number | undefined;
}

/** A chart of Proxmox as figures; a time at which the machine was off has nothing but itself. */
export function pointsOf(chart: readonly ChartPoint[]): MachineFigures {
  const last = chart.findLast(({ memoryBytes }) => memoryBytes !== undefined);
  return {
    points: chart.map(({ time, cpuLoad, usedMemoryBytes, cpus: _cpus, memoryBytes: _memoryBytes, ...rates }) => ({
      time: new Date(time * 1000).toISOString(),
      cpu: cpuLoad,
      memoryBytes: usedMemoryBytes,
      ...rates,
    })),
    memoryMaxBytes: last?.memoryBytes,
    cpus: last?.cpus,
  };
}
