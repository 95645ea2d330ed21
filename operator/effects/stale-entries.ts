import { type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import { type Allocation, parseAllocation } from '#api/ledger.ts';
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
  /** By ledger: since when each doubtful line has stood. */
  readonly #since = new Map<string, Map<string, number>>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Notes the doubtful entries of a ledger, given as its lines; answers those that have been so for long, and whether
   * there are others. `isKnown` tells whether there is a resource of a name.
   */
  due(ledger: string, lines: readonly string[], isKnown: (name: string) => boolean): Doubts {
    const before = this.#since.get(ledger);
    const since = new Map<string, number>();
    for (const line of lines) {
      const known = isKnown(line.slice(0, line.indexOf(' ')));
      if (!known || line.includes(' Reserved@')) since.set(line, before?.get(line) ?? this.#now());
    }
    this.#since.set(ledger, since);
    const due = [...since].filter(([, from]) => this.#now() - from >= patienceMs);
    return { due: due.map(([line]) => parseAllocation(line)), waiting: since.size > due.length };
  }
}

/** Entries that are due for a live look, and whether others wait to become so. */
export interface Doubts {
  due: Allocation[];
  waiting: boolean;
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
