import { describe, expect, test } from 'vitest';
import { machineWith } from '../machine/testing/machine.ts';
import { groupCounts, type ListView, queryOf, rowOf, shown, viewOf } from './filter.ts';

const machines = [
  machineWith({ metadata: { name: 'web-10' }, status: { vmid: 1010 }, spec: { tags: ['web'] } }),
  machineWith({
    metadata: { name: 'web-2' },
    status: { vmid: 1002, powerState: 'Stopped' },
    spec: { powerState: 'Stopped' },
  }),
  machineWith({
    metadata: { name: 'db', namespace: 'team-b' },
    status: { vmid: 1003 },
    conditions: { Stalled: ['True', 'StuckLock'] },
  }),
];
const rows = machines.map(rowOf);
const names = (view: Partial<ListView>) => shown(rows, { ...viewOf(''), ...view }).map(({ name }) => name);

describe('F70: the list', () => {
  test('finds by a part of the name, the VMID or a tag, whatever the case', () => {
    expect(names({ search: 'WEB' })).toEqual(['web-2', 'web-10']);
    expect(names({ search: '1003' })).toEqual(['db']);
    expect(names({ search: ' db ' })).toEqual(['db']);
    expect(names({ search: 'nothing' })).toEqual([]);
  });

  test('shows those that need attention, that run or that are off', () => {
    expect(names({ group: 'attention' })).toEqual(['db']);
    expect(names({ group: 'stopped' })).toEqual(['web-2']);
    expect(names({ group: 'running', team: 'team-a' })).toEqual(['web-10']);
    expect(groupCounts(rows, viewOf('q=web'))).toEqual({ all: 2, attention: 0, running: 1, stopped: 1, working: 0 });
  });

  test('sorts names as people count, and by figures', () => {
    expect(names({})).toEqual(['db', 'web-2', 'web-10']);
    expect(names({ sort: 'vmid', descending: true })).toEqual(['web-10', 'db', 'web-2']);
  });

  test('is the same again by its link', () => {
    const view: ListView = { search: 'wéb & co', group: 'running', team: 'team-a', sort: 'memory', descending: true };
    expect(viewOf(queryOf(view))).toEqual(view);
    expect(queryOf(viewOf(''))).toBe('');
    expect(viewOf('show=nonsense&sort=-evil')).toMatchObject({ group: 'all', sort: 'name' });
  });
});
