import { type VirtualMachine, type VmSnapshot, virtualMachines, vmSnapshots } from '#api/kinds.ts';
import { type Allocation, parseAllocation, snapshotEntryName } from '#api/ledger.ts';
import type { KubeClient } from '#kube/client.ts';
import { isNotFound } from '#kube/errors.ts';
import { type ObjectKey, parseKey, type ResourceType } from '#kube/resource.ts';
import type { Search } from '../core/quota/ledger.ts';

/**
 * How long a reservation must have stood unchanged before it is doubted: twice as long as the API server gives a request by
 * default, so that none that was admitted can still be under way.
 */
const reservedMs = 120_000;

/**
 * How long an entry must have stood that was bound to a resource which is gone: an operator that saw the resource too
 * late has bound it after another one had released it. Long enough for the watch to bring a resource that has just been
 * made, and one that is admitted meanwhile gets its room when it is bound.
 */
const boundMs = 15_000;

/**
 * Entries that nobody may need any more, by this process' own clock: a reservation that no operator has bound, or an
 * entry whose resource is not known. What they stand for is found out by a live look.
 */
export class StaleEntries {
  readonly #now: () => number;
  /** By ledger: since when each doubtful line has stood. */
  readonly #since = new Map<string, Map<string, number>>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Notes the doubtful entries of a ledger, given as its lines; answers those that have been so for long, and when
   * there will be others. `isKnown` tells whether there is a resource of a name.
   */
  due(ledger: string, lines: readonly string[], isKnown: (name: string) => boolean): Doubts {
    const before = this.#since.get(ledger);
    const since = new Map<string, number>();
    for (const line of lines) {
      const known = isKnown(line.slice(0, line.indexOf(' ')));
      if (!known || line.includes(' Reserved@')) since.set(line, before?.get(line) ?? this.#now());
    }
    this.#since.set(ledger, since);
    const left = [...since].map(([line, from]) => {
      const patienceMs = line.includes(' Reserved@') ? reservedMs : boundMs;
      return { line, leftMs: from + patienceMs - this.#now() };
    });
    const waiting = left.filter(({ leftMs }) => leftMs > 0).map(({ leftMs }) => leftMs);
    const due = left.filter(({ leftMs }) => leftMs <= 0).map(({ line }) => parseAllocation(line));
    return { due, ...(waiting.length > 0 && { nextMs: Math.min(...waiting) }) };
  }
}

/** Entries that are due for a live look, and in how many milliseconds the next one is, if any. */
export interface Doubts {
  due: Allocation[];
  nextMs?: number;
}

/** Looks live for the machine or the snapshot of an entry in the ledger of a namespace. */
export async function searchEntry(
  kube: KubeClient,
  namespace: string,
  { name, snapshotOf }: Allocation,
): Promise<Search> {
  if (snapshotOf === undefined) return search(kube, virtualMachines, { namespace, name });
  return search(kube, vmSnapshots, { namespace, name: name.replace(snapshotEntryName(''), '') });
}

/** Looks live for the machine of an entry. `key` is its namespace and name. */
export const searchMachine = (kube: KubeClient, key: string): Promise<Search> =>
  search(kube, virtualMachines, parseKey(key));

async function search(kube: KubeClient, type: ResourceType, key: ObjectKey): Promise<Search> {
  try {
    const { metadata } = await kube.get<VirtualMachine | VmSnapshot>(type, key);
    return { found: true, uid: metadata.uid ?? '' };
  } catch (error) {
    if (isNotFound(error)) return { found: false };
    throw error;
  }
}
