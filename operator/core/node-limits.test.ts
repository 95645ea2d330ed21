import { expect, test } from 'vitest';
import { hasLimits } from './node-limits.ts';
import { cluster } from './testing/fixtures.ts';

test.each([
  ['where a node that it may be put on has a cap', { candidates: ['n1', 'n2'] }, true],
  ['where its namespace has a share of nodes', { candidates: ['n2'], shares: [{ node: 'n1', cpu: 4 }] }, true],
  ['and not where only other nodes have caps', { candidates: ['n2'] }, false],
])('F105: what is on nodes limits a demand %s', (_case, demand, limited) => {
  const { spec } = cluster({ nodes: [{ name: 'n1', maxVMs: 4 }, { name: 'n2' }] });
  expect(hasLimits(spec, demand)).toBe(limited);
});
