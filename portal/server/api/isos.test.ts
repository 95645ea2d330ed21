import { expect, test } from 'vitest';
import { cluster } from '#operator/core/testing/fixtures.ts';
import { storedIsos, withApproval } from './isos.ts';

const debian = 'local:iso/debian-12.iso';
const windows = 'local:iso/windows.iso';

test('F112: administrators see what Proxmox has, what of it is approved, and what of that is gone', () => {
  const status = { isos: [{ volume: windows, sizeMiB: 5400, nodes: ['n1', 'n2'] }] };
  expect(storedIsos({ ...cluster(), status })).toEqual([
    { volume: debian, nodes: [], name: 'debian-12' },
    { volume: windows, sizeMiB: 5400, nodes: ['n1', 'n2'] },
  ]);
});

test('F112: an image is approved, called something else, and approved no more', () => {
  const both = withApproval([{ name: 'debian-12', volume: debian }], { volume: windows, name: 'windows' });
  expect(both.map(({ name }) => name)).toEqual(['debian-12', 'windows']);
  const renamed = withApproval(both, { volume: windows, name: 'windows-2025' });
  expect(renamed.map(({ name }) => name)).toEqual(['debian-12', 'windows-2025']);
  expect(withApproval(renamed, { volume: debian, name: null })).toEqual([{ name: 'windows-2025', volume: windows }]);
  expect(withApproval(undefined, { volume: debian, name: null })).toEqual([]);
});
