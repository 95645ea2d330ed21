import type { InventoryVm } from './inventory.ts';

/** VMIDs whose line differs between two inventories. */
export interface InventoryChange {
  appeared: number[];
  changed: number[];
  disappeared: number[];
}

/** What wakes somebody when it changes. Metrics do not: they change with every poll. */
const watched = [
  'type',
  'node',
  'name',
  'status',
  'lock',
  'pool',
  'haState',
  'template',
  'cpus',
  'memoryBytes',
  'diskBytes',
] as const satisfies (keyof InventoryVm)[];

/** Compares two lists by VMID; undefined where nothing differs. */
export function changesBetween(
  before: readonly InventoryVm[],
  after: readonly InventoryVm[],
): InventoryChange | undefined {
  const old = new Map(before.map(vm => [vm.vmid, vm]));
  const change: InventoryChange = { appeared: [], changed: [], disappeared: [] };
  for (const vm of after) {
    const known = old.get(vm.vmid);
    old.delete(vm.vmid);
    if (known === undefined) change.appeared.push(vm.vmid);
    else if (differs(known, vm)) change.changed.push(vm.vmid);
  }
  change.disappeared = [...old.keys()];
  const count = change.appeared.length + change.changed.length + change.disappeared.length;
  return count > 0 ? change : undefined;
}

function differs(before: InventoryVm, after: InventoryVm): boolean {
  return (
    watched.some(field => before[field] !== after[field]) ||
    before.tags.join(';') !== after.tags.join(';') ||
    // Went off and on between two polls.
    (after.uptimeSeconds ?? 0) < (before.uptimeSeconds ?? 0)
  );
}
