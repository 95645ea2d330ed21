import { type Clock, systemClock } from './clock.ts';
import type { ClusterCalls } from './cluster.ts';
import type { Inventory } from './inventory.ts';
import { changesBetween, type InventoryChange } from './inventory-diff.ts';

/** A complete inventory, and when it was asked for. */
export interface Snapshot extends Inventory {
  /** Milliseconds since the epoch, before the call: what happened later may be missing. */
  takenAt: number;
}

/** How to poll the inventory of a cluster. */
export interface InventoryPollerOptions {
  client: Pick<ClusterCalls, 'resources'>;
  /** From the end of a poll to the next. */
  intervalMs: number;
  /** Told after a poll that differs from the one before; the first one differs from nothing. */
  onChange: (change: InventoryChange, snapshot: Snapshot) => void;
  /** Told of each poll that failed. The last inventory stays: an outage empties no list. */
  onError?: (error: unknown) => void;
  clock?: Clock;
}

/** Polls from the start until it is closed. */
export interface InventoryPoller {
  /** The last complete inventory, however old: see its time. */
  readonly latest: Snapshot | undefined;
  /** Polls that failed since the last good one. */
  readonly failures: number;
  /** Polls so far. */
  readonly polls: number;
  close(): void;
}

/** The first pause after a poll that failed; it doubles, and is never longer than the interval. */
const firstRetryMs = 1_000;

const nextPollMs = (failures: number, intervalMs: number): number =>
  failures === 0 ? intervalMs : Math.min(intervalMs, firstRetryMs * 2 ** (failures - 1));

/** One poll of `/cluster/resources` at a time feeds every VM. The first one starts at once. */
export function createInventoryPoller(options: InventoryPollerOptions): InventoryPoller {
  const { client, intervalMs, onChange, onError, clock = systemClock } = options;
  let latest: Snapshot | undefined;
  let failures = 0;
  let polls = 0;
  let closed = false;
  let cancel: (() => void) | undefined;

  async function poll(): Promise<void> {
    try {
      polls += 1;
      const takenAt = clock.now();
      const inventory = await client.resources();
      if (closed) return;
      const before = latest?.vms ?? [];
      latest = { ...inventory, takenAt };
      failures = 0;
      const change = changesBetween(before, latest.vms);
      if (change !== undefined) onChange(change, latest);
    } catch (error) {
      if (closed) return;
      failures += 1;
      onError?.(error);
    }
    cancel = clock.after(nextPollMs(failures, intervalMs), () => void poll());
  }

  void poll();
  return {
    get latest() {
      return latest;
    },
    get failures() {
      return failures;
    },
    get polls() {
      return polls;
    },
    close() {
      closed = true;
      cancel?.();
    },
  };
}
