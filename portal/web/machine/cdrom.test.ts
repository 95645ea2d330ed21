import { expect, test } from 'vitest';
import type { VirtualMachine, VmQuota } from '#api/kinds.ts';
import type { Catalogue } from '#portal/api.ts';
import { cdromOf, cdromPatch } from './cdrom.ts';
import { machineWith } from './testing/machine.ts';

const isos = [{ name: 'debian-12' }, { name: 'drivers' }];
const cluster = { name: 'lab', default: true, bridges: [], storages: [], tags: [], nodes: [], isos };
const catalogue: Catalogue = { templates: [], clusters: [cluster] };

const having = (spec: Partial<VirtualMachine['spec']>): VirtualMachine => machineWith({ spec });

test('F57: a drive has what the spec says, and else the image that the machine was made from', () => {
  const offered = ['debian-12', 'drivers'];
  expect(cdromOf(having({}), catalogue, undefined)).toEqual({ loaded: undefined, offered });
  const installed = { source: { iso: { name: 'debian-12' } } };
  expect(cdromOf(having(installed), catalogue, undefined)).toEqual({ loaded: 'debian-12', offered });
  expect(cdromOf(having({ ...installed, cdrom: {} }), catalogue, undefined)?.loaded).toBeUndefined();
  expect(cdromOf(having({ ...installed, cdrom: { iso: 'drivers' } }), catalogue, undefined)?.loaded).toBe('drivers');
});

test('F26: only images that the team may use are offered, and what is in the drive', () => {
  const quota: VmQuota = { metadata: { name: 'default' }, spec: { hard: {}, allowed: { isos: ['drivers'] } } };
  expect(cdromOf(having({ cdrom: { iso: 'debian-12' } }), catalogue, quota)?.offered).toEqual(['debian-12', 'drivers']);
  expect(cdromOf(having({}), { templates: [], clusters: [] }, quota)).toBeUndefined();
});

test('F57: taking an image out leaves an empty drive, and not one that nobody manages', () => {
  expect(cdromPatch('drivers')).toEqual({ cdrom: { iso: 'drivers' } });
  expect(cdromPatch(undefined)).toEqual({ cdrom: { iso: null } });
});
