import { isDeepStrictEqual } from 'node:util';
import { type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import type { Allocation } from '#api/ledger.ts';
import type { KubeClient } from '#kube/client.ts';
import { isNotFound } from '#kube/errors.ts';
import { parseKey } from '#kube/resource.ts';
import type { Search } from '../core/quota/ledger.ts';

/**
 * How long an entry must have stood unchanged before it is doubted: twice as long as the API server gives a request by
 * default, so that none that was admitted can still be under way.
 */
export const patienceMs = 120_000;

/**
 * Entries that nobody may need any more, by this process' own clock: a reservation that no operator has bound, or an
 * entry whose resource is not known. What they stand for is found out by a live look.
 */
export class StaleEntries {
  readonly #now: () => number;
  readonly #seen = new Map<string, { entry: Allocation; since: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Notes the doubtful entries of a ledger; answers those that have been so for long, and whether there are others. */
  due(ledger: string, doubtful: readonly Allocation[]): { due: Allocation[]; waiting: boolean } {
    const due: Allocation[] = [];
    const names = new Set(doubtful.map(({ name }) => `${ledger} ${name}`));
    for (const key of this.#seen.keys()) if (key.startsWith(`${ledger} `) && !names.has(key)) this.#seen.delete(key);
    for (const entry of doubtful) {
      const key = `${ledger} ${entry.name}`;
      const known = this.#seen.get(key);
      if (!known || !isDeepStrictEqual(known.entry, entry)) this.#seen.set(key, { entry, since: this.#now() });
      else if (this.#now() - known.since >= patienceMs) due.push(entry);
    }
    return { due, waiting: doubtful.length > due.length };
  }
}

/** Looks live for the machine of an entry. `key` is its namespace and name. */
export async function searchMachine(kube: KubeClient, key: string): Promise<Search> {
  try {
    const { metadata } = await kube.get<VirtualMachine>(virtualMachines, parseKey(key));
    return { found: true, uid: metadata.uid ?? '' };
  } catch (error) {
    if (isNotFound(error)) return { found: false };
    throw error;
  }
}
