import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What is counted of consoles. */
export interface ConsoleMetrics {
  registry: Registry;
  opened: (type: string) => void;
  closed: (type: string, reason: string, bytes: { in: number; out: number }) => void;
  /** The time from the upgrade until the picture may come. */
  upgraded: (type: string, seconds: number) => void;
  refused: (reason: string) => void;
}

/** Makes the metrics with a registry of their own. */
export function createMetrics(): ConsoleMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const sessions = new Gauge({
    name: 'berth_console_sessions',
    help: 'Consoles that are open, by type.',
    labelNames: ['type'],
    registers,
  });
  const ended = new Counter({
    name: 'berth_console_closed_total',
    help: 'Consoles that were closed, by reason.',
    labelNames: ['type', 'reason'],
    registers,
  });
  const upgrades = new Histogram({
    name: 'berth_console_upgrade_seconds',
    help: 'Time from the upgrade of a connection until Proxmox VE has let us in.',
    labelNames: ['type'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20],
    registers,
  });
  const bytes = new Counter({
    name: 'berth_console_bytes_total',
    help: 'Bytes of consoles that were closed: in to the machine, out from it.',
    labelNames: ['direction'],
    registers,
  });
  const refusals = new Counter({
    name: 'berth_console_refusals_total',
    help: 'Consoles that were not opened, by reason.',
    labelNames: ['reason'],
    registers,
  });
  return {
    registry,
    opened: type => sessions.inc({ type }),
    closed: (type, reason, passed) => {
      sessions.dec({ type });
      ended.inc({ type, reason });
      bytes.inc({ direction: 'in' }, passed.in);
      bytes.inc({ direction: 'out' }, passed.out);
    },
    upgraded: (type, seconds) => upgrades.observe({ type }, seconds),
    refused: reason => refusals.inc({ reason }),
  };
}
