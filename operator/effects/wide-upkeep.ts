import { type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';
import type { Outcome } from '#kube/controller.ts';
import { keyOf } from '#kube/resource.ts';
import type { Store } from '#kube/store.ts';
import { seedOf } from '../core/quota/keeping.ts';
import { collect } from '../core/quota/ledger.ts';
import type { LedgerOwner, LedgerWriter } from './ledger-writer.ts';
import { type StaleEntries, searchMachine } from './stale-entries.ts';

/** What the upkeep of a ledger across namespaces works with. */
export interface UpkeepParts<Owner extends LedgerOwner> {
  kube: KubeClient;
  machines: Store<VirtualMachine>;
  stale: StaleEntries;
  writer: LedgerWriter<Owner>;
}

/** Begins a ledger with the machines that are there already; answers how many. Until then nothing is granted. */
export async function seedWide<Owner extends LedgerOwner>(
  { kube, writer }: UpkeepParts<Owner>,
  counts: (vm: VirtualMachine) => boolean,
): Promise<number> {
  // A live list: the store may not know of a VMID yet that was just claimed.
  const { items } = await kube.list<VirtualMachine>(virtualMachines);
  const entries = seedOf(items.filter(counts), keyOf);
  await writer.change((present, ledger) => ({
    ...(present && ledger === undefined && { ledger: entries }),
    answer: undefined,
  }));
  return entries.length;
}

/** Gives up a ledger whose limits were taken away. `isCounted` is asked again of what the API server has then. */
export async function dropWide<Owner extends LedgerOwner>(
  { writer }: Pick<UpkeepParts<Owner>, 'writer'>,
  isCounted: (owner: Owner) => boolean,
): Promise<void> {
  await writer.change((present, ledger) => ({
    dropsLedger: present !== undefined && ledger !== undefined && !isCounted(present),
    answer: undefined,
  }));
}

/** Clears up what nobody needs. `id` tells the ledger from others, `lines` are its entries as the watch has them. */
export async function clearUpWide<Owner extends LedgerOwner>(
  { kube, machines, stale, writer }: UpkeepParts<Owner>,
  id: string,
  lines: readonly string[],
): Promise<Outcome> {
  const { due, nextMs } = stale.due(id, lines, name => machines.get(name) !== undefined);
  for (const entry of due) {
    const found = await searchMachine(kube, entry.name);
    await writer.change((_, ledger) => ({ ledger: ledger && collect(ledger, entry, found), answer: undefined }));
  }
  if (nextMs === undefined) return { kind: 'done' };
  return { kind: 'again', afterMs: nextMs + 1_000, reason: 'entries that nobody may need' };
}
