import type { State } from '../state/types.ts';

interface Index {
  /** The number of memberships that it was made from. */
  size: number;
  vms: Map<number, string>;
  storages: Map<string, string>;
}

const indexes = new WeakMap<State['pools'], Index>();

/** Pools by member. Whoever edits the state by hand and keeps the number of members must replace `state.pools`. */
function indexOf(state: State): Index {
  let size = 0;
  for (const pool of Object.values(state.pools)) size += pool.vms.length + pool.storages.length;
  const known = indexes.get(state.pools);
  if (known?.size === size) return known;
  const index: Index = { size, vms: new Map(), storages: new Map() };
  for (const [name, pool] of Object.entries(state.pools)) {
    for (const vmid of pool.vms) index.vms.set(vmid, name);
    for (const storage of pool.storages) index.storages.set(storage, name);
  }
  indexes.set(state.pools, index);
  return index;
}

/** The pool that a VM is in; it is in one at most. */
export function poolOfVm(state: State, vmid: number): string | undefined {
  return indexOf(state).vms.get(vmid);
}

/** The pools of all VMs that are in one; to be asked anew after each change. */
export function poolsByVm(state: State): ReadonlyMap<number, string> {
  return indexOf(state).vms;
}

/** A pool that a storage is in. */
export function poolOfStorage(state: State, storage: string): string | undefined {
  return indexOf(state).storages.get(storage);
}

/** Puts a VM into a pool, and out of another. */
export function joinPool(state: State, vmid: number, pool: string): void {
  leavePool(state, vmid);
  const index = indexOf(state);
  const members = state.pools[pool]?.vms;
  if (members === undefined) return;
  members.push(vmid);
  index.vms.set(vmid, pool);
  index.size++;
}

/** Takes a VM out of its pool. */
export function leavePool(state: State, vmid: number): void {
  const index = indexOf(state);
  const pool = index.vms.get(vmid);
  const members = pool === undefined ? undefined : state.pools[pool]?.vms;
  if (members === undefined) return;
  members.splice(members.indexOf(vmid), 1);
  index.vms.delete(vmid);
  index.size--;
}
