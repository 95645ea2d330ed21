import { toMiB } from '#api/quantity.ts';
import type { Verdict } from '../decision.ts';
import { berthTag } from '../desired-config.ts';
import { askInTime } from '../guest.ts';
import { holdsMore } from '../held-size.ts';
import type { InventoryLine, Observed } from '../observed.ts';
import { hasSurplus } from '../quota/confirmed.ts';

/**
 * How far the shared inventory may lag behind: Proxmox' daemons tell each other of a machine's state about every 10 s
 * (seen: 7.7 s after a start), and the poll comes on top.
 */
const inventoryLagMs = 20_000;

/** Whether the resource is reported as being as desired, for what it desires now. */
export function isReady({ metadata, status }: Observed['vm']): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' && status?.observedGeneration === metadata.generation && status?.task === undefined;
}

/**
 * A machine that was as desired and whose inventory line says nothing else is left alone: no read, no write. A line
 * that disagrees right after we changed something is given time to catch up.
 */
export function settled(o: Observed): Verdict | undefined {
  if (o.sweep || o.operation || o.snapshot || !isReady(o.vm)) return undefined;
  if (hasSurplus(o.vm, o.allocation) || holdsMore(o.vm)) return undefined;
  if (o.inventory === undefined) {
    return { outcome: { kind: 'again', afterMs: 1_000, reason: 'the inventory was not read yet' } };
  }
  if (agrees(o.inventory.line, o.vm)) return askInTime(o) ?? { outcome: { kind: 'done' } };
  const remainingMs = lastChange(o.vm) + inventoryLagMs - o.now;
  if (remainingMs <= 0) return undefined;
  return { outcome: { kind: 'again', afterMs: remainingMs, reason: 'the inventory lags behind' } };
}

/** Whether the inventory shows the machine where it should be, unlocked, and as it should be. */
function agrees(line: InventoryLine | undefined, vm: Observed['vm']): boolean {
  if (line === undefined || line.lock !== undefined || line.node !== vm.status?.node) return false;
  return powerAgrees(line, vm) && configAgrees(line, vm);
}

/** `unknown` is what a machine is called until Proxmox' daemons have told each other of it. */
function powerAgrees({ status: seen }: InventoryLine, { spec, status }: Observed['vm']): boolean {
  const wanted = spec.powerState === 'Unmanaged' ? status?.powerState : spec.powerState;
  return seen === 'unknown' || seen === wanted?.toLowerCase();
}

/** What the inventory shows of a configuration; the rest is compared by the sweep. */
function configAgrees(
  { name, tags, cpus, memoryMiB }: InventoryLine,
  { spec, metadata, status }: Observed['vm'],
): boolean {
  const waits = (setting: string) => status?.restartRequiredFor?.some(waiting => waiting.startsWith(setting)) ?? false;
  const agrees = <T>(seen: T | undefined, wanted: T) => seen === undefined || seen === wanted;
  return (
    agrees(name, spec.hostname ?? metadata.name) &&
    (waits('resources.cpu') || waits('resources.sockets') || agrees(cpus, spec.resources.cpu)) &&
    (waits('resources.memory') || agrees(memoryMiB, toMiB(spec.resources.memory))) &&
    [...(spec.tags ?? []), berthTag].every(tag => tags?.includes(tag) ?? true)
  );
}

function lastChange({ status }: Observed['vm']): number {
  const times = [status?.createdAt, status?.lastStartedAt, status?.lastTask?.finishedAt];
  return Math.max(0, ...times.flatMap(time => (time === undefined ? [] : Date.parse(time))));
}
