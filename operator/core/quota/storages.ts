import type { Allocation } from '#api/ledger.ts';
import { toMiB } from '#api/quantity.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import type { VmQuotaSpec } from '#api/vm-quota.ts';
import { amountText } from './words.ts';

/** What a machine takes of each storage, in MiB, as far as its disks name one; absent where none does. */
type OnStorages = Pick<Allocation, 'storages'>;

/** What a spec asks of the storages that its disks name. */
export function onStorages({ disks }: Pick<VirtualMachineSpec, 'disks'>): OnStorages {
  const storages: Record<string, number> = {};
  for (const { storage, size } of disks) {
    if (storage !== undefined) storages[storage] = (storages[storage] ?? 0) + toMiB(size);
  }
  return Object.keys(storages).length > 0 ? { storages } : {};
}

/** The larger of two in each storage. */
export function largerStorages({ storages: a = {} }: OnStorages, { storages: b = {} }: OnStorages): OnStorages {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  if (names.length === 0) return {};
  return { storages: Object.fromEntries(names.map(name => [name, Math.max(a[name] ?? 0, b[name] ?? 0)])) };
}

/** Whether two are the same in each storage. */
export function sameStorages({ storages: a = {} }: OnStorages, { storages: b = {} }: OnStorages): boolean {
  return [...Object.keys(a), ...Object.keys(b)].every(name => a[name] === b[name]);
}

/** Disks that name no storage cannot be held to a share of one. */
export function unnamedStorages({ disks }: VirtualMachineSpec, { perStorage }: Partial<VmQuotaSpec>): string[] {
  if (perStorage === undefined) return [];
  return disks
    .filter(({ storage }) => storage === undefined)
    .map(({ name }) => `spec.disks[${name}].storage is required where there are limits per storage`);
}

/** The shares of storages that a charge would exceed. `others` are the charges of all other machines. */
export function storagesExceeded(
  { perStorage = [] }: Partial<VmQuotaSpec>,
  others: readonly OnStorages[],
  held: OnStorages | undefined,
  charge: OnStorages,
): string[] {
  return perStorage.flatMap(({ storage, size }) => {
    const limit = toMiB(size);
    const [before, after] = [held?.storages?.[storage] ?? 0, charge.storages?.[storage] ?? 0];
    const taken = others.reduce((sum, { storages }) => sum + (storages?.[storage] ?? 0), 0);
    if (after <= before || taken + after <= limit) return [];
    const say = (amount: number) => amountText('storageMiB', amount);
    const fits =
      after > limit ? 'it exceeds the limit even alone' : `${say(Math.max(limit - taken - before, 0))} would fit`;
    const numbers = `requested ${say(after - before)}, used ${say(taken + before)}, hard ${say(limit)}`;
    return [`perStorage.size of "${storage}": ${numbers}; ${fits}`];
  });
}
