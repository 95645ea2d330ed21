import { describe, expect, test } from 'vitest';
import { virtualMachineSpec } from '#api/virtual-machine.ts';
import { errorsOf } from './check.ts';
import { begun, type Draft, emptyDraft, fieldOf, firstNetwork, leastDiskGiB, machineOf } from './draft.ts';

const filled: Draft = { ...emptyDraft, team: 'team-a', name: 'web-1', template: 'debian-12' };
const none = new Set<string>();

describe('F35: a form', () => {
  test('describes the machine that the same YAML would', () => {
    const machine = machineOf({ ...filled, bridge: 'vmbr0', vlan: 20, user: 'ada', tags: ['web'], dataDiskGiB: 50 });
    expect(virtualMachineSpec.parse(machine.spec)).toEqual(machine.spec);
    expect(machine).toMatchObject({
      metadata: { name: 'web-1', namespace: 'team-a' },
      spec: {
        source: { template: { name: 'debian-12' } },
        resources: { cpu: 2, memory: '4Gi' },
        disks: [
          { name: 'root', size: '20Gi' },
          { name: 'data', size: '50Gi' },
        ],
        networks: [{ name: 'lan', bridge: 'vmbr0', vlan: 20 }],
        cloudInit: { user: 'ada' },
        tags: ['web'],
      },
    });
  });

  test('F20: describes a machine that is installed from an ISO image, which is told nothing', () => {
    const draft: Draft = { ...filled, from: 'iso', iso: 'debian-12', bridge: 'vmbr0', storage: 'ceph', user: 'ada' };
    const { spec } = machineOf(draft);
    expect(virtualMachineSpec.parse(spec)).toEqual(spec);
    expect(spec).toEqual({
      source: { iso: { name: 'debian-12' } },
      resources: { cpu: 2, memory: '4Gi' },
      disks: [{ name: 'root', size: '20Gi', storage: 'ceph' }],
      networks: [{ name: 'lan', bridge: 'vmbr0' }],
      powerState: 'Running',
      deletionPolicy: 'Delete',
    });
    expect(errorsOf(draft, none)).toEqual({});
    expect(errorsOf({ ...draft, iso: '' }, none).template).toEqual({ key: 'field.template.required' });
  });

  test('F31: Windows gets UEFI with a TPM, and a disk and a card that its installer knows', () => {
    const { spec } = machineOf({ ...filled, from: 'iso', iso: 'windows', windows: true, bridge: 'vmbr0' });
    expect(virtualMachineSpec.parse(spec)).toEqual(spec);
    expect(spec).toMatchObject({
      disks: [{ bus: 'Sata' }],
      networks: [{ model: 'E1000' }],
      firmware: { type: 'Uefi', secureBoot: 'Enabled' },
      tpm: 'V2',
    });
  });

  test('mentions nothing that was left empty', () => {
    const { spec } = machineOf(filled);
    expect(Object.keys(spec)).toEqual(['source', 'resources', 'disks', 'powerState', 'deletionPolicy']);
  });
});

describe('F24 F25: a form tells what is wrong by the schema of the API server', () => {
  test('and nothing while all is right', () => {
    expect(errorsOf(filled, none)).toEqual({});
  });

  test.each([
    ['', 'field.required'],
    ['Web', 'field.dnsLabel'],
    ['-web', 'field.dnsLabel'],
    ['a.b', 'field.dnsLabel'],
    ['x'.repeat(64), 'field.tooLong'],
  ])('for the name %j', (name, key) => {
    expect(errorsOf({ ...filled, name }, none).name).toMatchObject({ key });
  });

  test('for a name that the team has already', () => {
    expect(errorsOf(filled, new Set(['team-a/web-1'])).name).toEqual({ key: 'field.name.taken' });
    expect(errorsOf(filled, new Set(['team-b/web-1']))).toEqual({});
  });

  test('for figures, keys and users beside the field that has them', () => {
    expect(errorsOf({ ...filled, cpu: 513 }, none).cpu).toEqual({ key: 'field.most', values: { most: 512 } });
    expect(errorsOf({ ...filled, cpu: '' }, none).cpu).toEqual({ key: 'field.wholeNumber' });
    expect(errorsOf({ ...filled, memoryGiB: 0 }, none).memoryGiB).toEqual({ key: 'field.wholeNumber' });
    expect(errorsOf({ ...filled, bridge: 'vmbr0', vlan: 5000 }, none).vlan).toMatchObject({ key: 'field.most' });
    expect(errorsOf({ ...filled, sshKeys: 'my key!' }, none).sshKeys).toEqual({ key: 'field.sshKey' });
    expect(errorsOf({ ...filled, user: 'Ada' }, none).user).toEqual({ key: 'field.linuxUser' });
    expect(errorsOf({ ...filled, template: '' }, none).template).toEqual({ key: 'field.template.required' });
  });
});

test('words of the API server stand beside the field that they are about', () => {
  expect(fieldOf('spec.disks[0].size')).toBe('diskGiB');
  expect(fieldOf('spec.disks[1].size')).toBe('dataDiskGiB');
  expect(fieldOf('spec.networks[0].vlan')).toBe('vlan');
  expect(fieldOf('metadata.name')).toBe('name');
  expect(fieldOf('spec')).toBeUndefined();
});

test('F33: a draft is taken up again as far as it can still be had', () => {
  const template = { metadata: { name: 'debian-12' }, spec: { sources: [], cloneMode: 'Full' as const } };
  const isos = [{ name: 'debian-12' }];
  const cluster = { name: 'lab', default: true, bridges: [], storages: [], tags: [], nodes: [], isos };
  const catalogue = { templates: [template], clusters: [cluster] };
  expect(begun(filled, [{ name: 'team-a' }], catalogue)).toEqual(filled);
  expect(begun({ ...filled, template: 'gone', team: 'other' }, [{ name: 'team-a' }], catalogue)).toMatchObject({
    template: '',
    team: 'team-a',
    name: 'web-1',
  });
  const fromIso: Draft = { ...filled, from: 'iso', iso: 'debian-12' };
  expect(begun(fromIso, [{ name: 'team-a' }], catalogue)).toEqual(fromIso);
  expect(begun({ ...fromIso, iso: 'gone' }, [{ name: 'team-a' }], catalogue)).toMatchObject({
    from: 'template',
    iso: '',
  });
});

test('a machine from an ISO image is offered a network where it may be', () => {
  const free = { name: 'vmbr1' };
  const tagged = { name: 'vmbr0', vlans: [{ from: 20, to: 29 }] };
  expect(firstNetwork([tagged, free], undefined)).toEqual({ bridge: 'vmbr1', vlan: '' });
  expect(firstNetwork([tagged], undefined)).toEqual({ bridge: 'vmbr0', vlan: 20 });
  expect(firstNetwork([free], 7)).toEqual({ bridge: 'vmbr1', vlan: 7 });
  expect(firstNetwork([], 7)).toEqual({ bridge: '', vlan: '' });
});

test('a disk is never smaller than the template’s own', () => {
  const sources = [{ cluster: 'lab', ready: true, rootDisk: '2252Mi' }];
  const template = { metadata: { name: 't' }, spec: { sources: [], cloneMode: 'Full' as const }, status: { sources } };
  expect(leastDiskGiB(template)).toBe(3);
  expect(leastDiskGiB(undefined)).toBe(1);
});
