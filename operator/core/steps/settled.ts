import { toMiB } from '#api/quantity.ts';
import type { Verdict } from '../decision.ts';
import { berthTag } from '../desired-config.ts';
import type { InventoryLine, Observed } from '../observed.ts';

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
 * that disagrees right after we changed the power is given time to catch up.
 */
export function settled(o: Observed): Verdict | undefined {
  if (o.sweep || !isReady(o.vm)) return undefined;
  if (o.inventory === undefined) {
    return { outcome: { kind: 'again', afterMs: 1_000, reason: 'the inventory was not read yet' } };
  }
  const { line } = o.inventory;
  if (line === undefined || line.lock !== undefined || line.node !== o.vm.status?.node) return undefined;
  if (powerAgrees(line, o.vm.spec.powerState) && configAgrees(line, o.vm)) return { outcome: { kind: 'done' } };
  const remainingMs = lastChange(o.vm) + inventoryLagMs - o.now;
  if (remainingMs <= 0) return undefined;
  return { outcome: { kind: 'again', afterMs: remainingMs, reason: 'the inventory lags behind' } };
}

/** `unknown` is what a machine is called until Proxmox' daemons have told each other of it. */
const powerAgrees = ({ status }: InventoryLine, wanted: 'Running' | 'Stopped'): boolean =>
  status === 'unknown' || status === wanted.toLowerCase();

/** What the inventory shows of a configuration; the rest is compared by the sweep. */
function configAgrees({ name, tags, cpus, memoryMiB }: InventoryLine, { spec, metadata }: Observed['vm']): boolean {
  const agrees = <T>(seen: T | undefined, wanted: T) => seen === undefined || seen === wanted;
  return (
    agrees(name, spec.hostname ?? metadata.name) &&
    agrees(cpus, spec.resources.cpu) &&
    agrees(memoryMiB, toMiB(spec.resources.memory)) &&
    [...(spec.tags ?? []), berthTag].every(tag => tags?.includes(tag) ?? true)
  );
}

const lastChange = ({ status }: Observed['vm']): number =>
  Math.max(Date.parse(status?.lastStartedAt ?? '1970-01-01'), Date.parse(status?.lastTask?.finishedAt ?? '1970-01-01'));
