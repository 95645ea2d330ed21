import { describe, expect, test } from 'vitest';
import { snapshotCharge } from '#api/ledger.ts';
import { demandOf } from './amounts.ts';
import { collect, reserve } from './ledger.ts';
import { LedgerModel, type Protocol, rightProtocol } from './testing/ledger-model.ts';
import { specOf } from './testing/machine-model.ts';

/** Walks over many interleavings; a thousand steps each is long enough for a dozen machines to come and go. */
function walk(protocol: Protocol, walks: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let seed = 1; seed <= walks; seed++) {
    try {
      const model = new LedgerModel(seed, protocol);
      model.run(1000);
      for (const [what, count] of Object.entries(model.counts)) counts[what] = (counts[what] ?? 0) + count;
    } catch (error) {
      throw new Error(`walk ${seed}: ${(error as Error).message}`);
    }
  }
  return counts;
}

test('F101, F154: 10^6 interleaved steps of webhooks, operators, edits and crashes never break an invariant', () => {
  const counts = walk(rightProtocol, 2000);
  console.log(JSON.stringify(counts));
  expect(counts['interleaved steps']).toBeGreaterThan(1_000_000);
  for (const what of ['create', 'grow', 'shrink', 'start', 'stop', 'delete', 'quota edit', 'crash']) {
    expect(counts[what], what).toBeGreaterThan(100);
  }
}, 120_000);

describe('the walks find a ledger that', () => {
  const mistakes: Record<string, Partial<Protocol>> = {
    'counts without a name': {
      reserve: (rules, ledger, applicant, state) => {
        const { violations } = reserve(rules, ledger, applicant, state);
        if (violations.length > 0) return { ledger, violations };
        const { name, uid, spec } = applicant;
        return { ledger: [...ledger, { name, uid, state, generation: 0, ...demandOf(spec) }], violations };
      },
    },
    'gives room back when a deletion or a shrink is admitted': { releasesAtAdmission: true },
    'is written without compare-and-swap': { compares: false },
    'is not checked again after a conflict': { afterConflict: 'writeAnyway' },
    'is held against limits of a while ago': { readsLimits: 'cached' },
    'is not asked before Proxmox is': { operatorAsks: false },
    'charges what is asked for, though Proxmox has more': {
      reserve: (rules, ledger, applicant, state) => {
        const answer = reserve(rules, ledger, applicant, state);
        const charge = demandOf(applicant.spec);
        const lowered = answer.ledger.map(entry => (entry.name === applicant.name ? { ...entry, ...charge } : entry));
        return { ...answer, ledger: answer.violations.length > 0 ? answer.ledger : lowered };
      },
    },
    'releases a name, whoever bears it now': {
      release: (ledger, { name }) => ledger.filter(entry => entry.name !== name),
    },
    'clears reservations up without looking for their machine': {
      collect: (ledger, stale) => collect(ledger, stale, { found: false }),
    },
    'lowers an entry that has changed since it was looked at': {
      trim: (ledger, seen, confirmed) =>
        ledger.map(entry => (entry.name === seen.name ? { ...entry, ...confirmed } : entry)),
    },
    'never clears anything up': { collect: ledger => ledger },
    'lets an operator act on a spec of before': {
      reserve: (rules, ledger, applicant, state) => {
        const generation = ledger.find(({ name }) => name === applicant.name)?.generation;
        return reserve(rules, ledger, { ...applicant, ...(generation && { generation }) }, state);
      },
    },
    'looks at the number of machines only': {
      reserve: ({ hard = {} }, ledger, applicant, state) =>
        reserve({ hard: { vms: hard.vms } }, ledger, applicant, state),
    },
  };

  test.each(Object.entries(mistakes))('%s', (_, mistake) => {
    expect(() => walk({ ...rightProtocol, ...mistake }, 4000)).toThrow(/walk \d+: /);
  });
});

test('a full ledger is refused in words', () => {
  const spec = specOf(1, true, 'alice');
  const ledger = Array.from({ length: 1000 }, (_, index) => ({
    name: `m-${index}`,
    uid: `u-${index}`,
    state: 'Bound' as const,
    generation: 1,
    ...demandOf(spec),
  }));
  const { violations } = reserve({ hard: { vms: 5000 } }, ledger, { name: 'one-more', uid: 'u', spec }, 'Bound');
  expect(violations[0]?.text).toMatch(/^a ledger holds 1000 machines, and this one is full/);
});

test('F100: machines and snapshots are counted apart: neither is refused for the number of the other', () => {
  const taken = Array.from({ length: 1000 }, (_, index) => ({
    ...{ name: `snapshot/s-${index}`, uid: `u-${index}`, state: 'Bound' as const, generation: 0 },
    ...snapshotCharge('web-1'),
  }));
  const spec = specOf(1, true, 'alice');
  expect(reserve({}, taken, { name: 'web-2', uid: 'u', spec }, 'Bound').violations).toEqual([]);
  const { violations } = reserve({}, taken, { name: 'snapshot/more', uid: 'u', snapshotOf: 'web-1' }, 'Bound');
  expect(violations[0]?.text).toBe('a ledger holds 1000 snapshots, and this one is full; delete some');
});
