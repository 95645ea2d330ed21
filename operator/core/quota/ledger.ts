import { type Allocation, mostAllocations } from '#api/ledger.ts';
import { type Charge, covers, larger, sameSize } from './amounts.ts';
import { type Applicant, evaluate, type Violation } from './evaluate.ts';
import type { Rules } from './limits.ts';

/** Who writes an entry: admission reserves it, the operator binds it to the resource that it has seen. */
export type State = Allocation['state'];

/** A ledger after a change; the same list where nothing changed. */
export type Ledger = readonly Allocation[];

/** What becomes of an application. */
export type Reservation = { ledger: Ledger; violations: Violation[] };

/**
 * Gives a machine room if there is. An entry of the same name is its own or that of a machine before it, whose room is
 * not free yet: it is grown, never doubled (I3). Asking again is harmless. Admission only grows an entry, since its
 * request may still come to nothing; whose the entry is, the operator says when it binds it. An operator binds each
 * generation anew, so that one which still sees an older spec can neither act on it nor lower the entry by it.
 */
export function reserve(rules: Rules, ledger: Ledger, applicant: Applicant, state: State): Reservation {
  const { charge, violations } = evaluate(rules, ledger, applicant);
  if (violations.length > 0) return { ledger, violations };
  const { name, uid, generation = 0 } = applicant;
  const index = ledger.findIndex(entry => entry.name === name);
  const held = ledger[index];
  if (held === undefined) {
    const ofKind = ledger.filter(entry => isSnapshot(entry) === isSnapshot(charge)).length;
    if (ofKind >= mostAllocations) return { ledger, violations: [isSnapshot(charge) ? fullOfSnapshots : full] };
    return { ledger: [...ledger, { name, uid, state, generation, ...charge }], violations };
  }
  if (state === 'Reserved') {
    if (sameSize(held, charge)) return { ledger, violations };
    return { ledger: ledger.with(index, { ...held, ...charge, owner: held.owner, state }), violations };
  }
  if (held.uid === uid && held.generation > generation) return { ledger, violations: [outdated] };
  const stands = held.state === 'Bound' && held.uid === uid && held.generation === generation;
  if (stands && covers(held, charge)) return { ledger, violations };
  return { ledger: ledger.with(index, { name, uid, state, generation, ...charge }), violations };
}

const outdated: Violation = { reason: 'Outdated', text: 'the resource has changed since it was looked at' };

const full: Violation = {
  reason: 'LedgerFull',
  text: `a ledger holds ${mostAllocations} machines, and this one is full; spread the machines over more namespaces`,
};

const fullOfSnapshots: Violation = {
  reason: 'LedgerFull',
  text: `a ledger holds ${mostAllocations} snapshots, and this one is full; delete some`,
};

const isSnapshot = ({ snapshotOf }: Charge): boolean => snapshotOf !== undefined;

/** The entries of machines. */
export const machinesIn = (ledger: Ledger): Ledger => ledger.filter(entry => !isSnapshot(entry));

/** The entries of snapshots. */
export const snapshotsIn = (ledger: Ledger): Ledger => ledger.filter(isSnapshot);

/** Takes an entry out: its machine is proven to be gone, or was let go. Another machine's entry of that name stays. */
export const release = (ledger: Ledger, { name, uid }: Pick<Allocation, 'name' | 'uid'>): Ledger =>
  filtered(ledger, entry => entry.name !== name || entry.uid !== uid);

/**
 * Lowers an entry to what Proxmox was seen to have. Only the entry that was seen then: one that has changed meanwhile
 * stands for something newer.
 */
export function trim(ledger: Ledger, seen: Allocation, confirmed: Charge): Ledger {
  const index = ledger.findIndex(entry => entry.name === seen.name);
  const held = ledger[index];
  if (held?.state !== 'Bound' || held.uid !== seen.uid || held.generation !== seen.generation || !sameSize(held, seen))
    return ledger;
  if (!sameSize(larger(held, confirmed), held) || sameSize(held, confirmed)) return ledger;
  return ledger.with(index, { ...held, ...confirmed, owner: held.owner, template: held.template });
}

/** What a live look found of an entry's machine. */
export type Search = { found: false } | { found: true; uid: string };

/**
 * Clears up an entry that has not changed for longer than a request can take: without a resource it goes, and a
 * reservation whose resource is there is bound to it, so that it can be trimmed.
 */
export function collect(ledger: Ledger, stale: Allocation, search: Search): Ledger {
  const index = ledger.findIndex(entry => entry.name === stale.name);
  const held = ledger[index];
  if (held?.uid !== stale.uid || held.state !== stale.state || !sameSize(held, stale)) return ledger;
  if (!search.found) return ledger.toSpliced(index, 1);
  return held.state === 'Reserved' ? ledger.with(index, { ...held, uid: search.uid, state: 'Bound' }) : ledger;
}

/** The first entries of a ledger: every machine that has a place in Proxmox already, whether it fits or not. */
export const seed = (machines: readonly { name: string; uid: string; charge: Charge }[]): Ledger =>
  machines
    .slice(0, mostAllocations)
    .map(({ name, uid, charge }) => ({ name, uid, state: 'Bound', generation: 0, ...charge }));

function filtered(ledger: Ledger, keeps: (entry: Allocation) => boolean): Ledger {
  const kept = ledger.filter(keeps);
  return kept.length === ledger.length ? ledger : kept;
}
