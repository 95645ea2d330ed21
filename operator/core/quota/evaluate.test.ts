import { describe, expect, test } from 'vitest';
import { type Allocation, snapshotCharge } from '#api/ledger.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import { virtualMachine } from '../testing/fixtures.ts';
import { demandOf } from './amounts.ts';
import { evaluate, refusal } from './evaluate.ts';
import type { Rules } from './limits.ts';
import { templateRules } from './template-rules.ts';

const applicant = (spec: Partial<VirtualMachineSpec> = {}, name = 'web-1') => ({
  name,
  uid: `u-${name}`,
  spec: virtualMachine({ owner: 'alice', ...spec }).spec,
});

const entry = (name: string, spec: Partial<VirtualMachineSpec> = {}): Allocation => ({
  name,
  uid: `u-${name}`,
  state: 'Bound',
  generation: 1,
  ...demandOf(applicant(spec).spec),
});

const texts = (rules: Rules, ledger: Allocation[], spec: Partial<VirtualMachineSpec> = {}) =>
  evaluate(rules, ledger, applicant(spec)).violations.map(({ text }) => text);

describe('F100: what does not fit is refused with numbers', () => {
  const full = [entry('a'), entry('b')];

  test('every limit that is broken is told at once, with what would fit', () => {
    const hard = { vms: 2, cpu: 5, memory: '5Gi', storage: '100Gi', networks: 0, runningVMs: 2 };
    const networks = [{ name: 'lan', bridge: 'vmbr0' }];
    expect(texts({ hard }, full, { networks })).toEqual([
      'vms: requested 1, used 2, hard 2; 0 would fit',
      'cpu: requested 2, used 4, hard 5; 1 would fit',
      'memory: requested 2Gi, used 4Gi, hard 5Gi; 1Gi would fit',
      'networks: requested 1, used 0, hard 0; it exceeds the limit even alone',
      'runningVMs: requested 1, used 2, hard 2; 0 would fit',
    ]);
  });

  test('the sentence names the quota', () => {
    const { violations } = evaluate({ hard: { vms: 2 } }, full, applicant());
    expect(refusal('VmQuota "default"', violations)).toBe(
      'exceeded VmQuota "default": vms: requested 1, used 2, hard 2; 0 would fit.',
    );
  });

  test('what can never fit says so', () => {
    expect(texts({ hard: { memory: '1Gi' } }, [])).toEqual([
      'memory: requested 2Gi, used 0, hard 1Gi; it exceeds the limit even alone',
    ]);
  });

  test('a person and a template have limits of their own', () => {
    const rules: Rules = { hard: { vms: 9 }, perUser: { vms: 2 }, perTemplate: [{ template: 'debian', vms: 2 }] };
    expect(texts(rules, full)).toEqual([
      'perUser.vms of "alice": requested 1, used 2, hard 2; 0 would fit',
      'perTemplate.vms of "debian": requested 1, used 2, hard 2; 0 would fit',
    ]);
    expect(texts({ ...rules, perTemplate: [] }, full, { owner: 'bob' })).toEqual([]);
  });
});

describe('F102: stopped machines count for what they are, and not as running', () => {
  const hard = { vms: 3, runningCPU: 4 };

  test('a stopped one leaves room to run another', () => {
    expect(texts({ hard }, [entry('a'), entry('b', { powerState: 'Stopped' })])).toEqual([]);
  });

  test('its start is a growth', () => {
    const ledger = [entry('a'), entry('b'), entry('web-1', { powerState: 'Stopped' })];
    expect(texts({ hard }, ledger)).toEqual(['runningCPU: requested 2, used 4, hard 4; 0 would fit']);
  });

  test('a resize counts by what it adds', () => {
    const ledger = [entry('web-1')];
    expect(texts({ hard: { cpu: 4 } }, ledger, { resources: { cpu: 4, memory: '2Gi' } })).toEqual([]);
    expect(texts({ hard: { cpu: 4 } }, ledger, { resources: { cpu: 6, memory: '2Gi' } })).toEqual([
      'cpu: requested 4, used 2, hard 4; it exceeds the limit even alone',
    ]);
  });
});

describe('F103: above a limit that was lowered', () => {
  const hard = { vms: 1, cpu: 1 };
  const ledger = [entry('a'), entry('web-1')];

  test('a machine may stay, shrink and stop', () => {
    expect(texts({ hard }, ledger)).toEqual([]);
    expect(texts({ hard }, ledger, { resources: { cpu: 1, memory: '2Gi' }, powerState: 'Stopped' })).toEqual([]);
  });

  test('a machine is charged with what it had until Proxmox has given it back', () => {
    const smaller = applicant({ resources: { cpu: 1, memory: '1Gi' }, powerState: 'Stopped' });
    expect(evaluate({ hard }, ledger, smaller).charge).toEqual(demandOf(applicant().spec));
  });

  test('nothing grows', () => {
    expect(texts({ hard }, ledger, { resources: { cpu: 3, memory: '2Gi' } })).toHaveLength(1);
  });
});

describe('F104, F26, F108: a machine by itself', () => {
  test('has its least and its most', () => {
    const perVM = { min: { memory: '4Gi' }, max: { cpu: 1, disks: 1, storage: '10Gi', sockets: 1 } };
    const spec = {
      disks: [
        { name: 'root', size: '20Gi' },
        { name: 'data', size: '1Gi' },
      ],
    };
    expect(texts({ perVM }, [], spec)).toEqual([
      'cpu: 2 is above perVM.max.cpu 1',
      'memory: 2Gi is below perVM.min.memory 4Gi',
      'storage: 21Gi is above perVM.max.storage 10Gi',
      'disks: 2 is above perVM.max.disks 1',
    ]);
  });

  test('uses only what the namespace is allowed', () => {
    const allowed = { templates: ['ubuntu'], bridges: ['vmbr1'], storages: [], tags: [] };
    const spec: Partial<VirtualMachineSpec> = {
      disks: [{ name: 'root', size: '20Gi', storage: 'fast' }],
      networks: [{ name: 'lan', bridge: 'vmbr0' }],
      tags: ['web', 'berth'],
    };
    expect(texts({ allowed }, [], spec)).toEqual([
      'template "debian" is not allowed in this namespace; allowed: ubuntu',
      'storage "fast" is not allowed in this namespace; allowed: none',
      'bridge "vmbr0" is not allowed in this namespace; allowed: vmbr1',
      'tag "web" is not allowed in this namespace; allowed: none',
    ]);
  });

  test('F26: is made from, and has in its drive, only ISO images that the namespace is allowed', () => {
    const iso = (name: string) => ({ source: { iso: { name } }, cdrom: { iso: 'drivers' } });
    expect(texts({ allowed: { isos: ['debian-12'] } }, [], iso('windows'))).toEqual([
      'ISO "windows" is not allowed in this namespace; allowed: debian-12',
      'ISO "drivers" is not allowed in this namespace; allowed: debian-12',
    ]);
    expect(texts({ allowed: { isos: ['debian-12', 'drivers'] } }, [], iso('debian-12'))).toEqual([]);
    expect(texts({ allowed: { templates: [] } }, [], iso('debian-12'))).toEqual([]);
  });

  test('is in the VLAN of its namespace with every card, and declares its cards', () => {
    const networks = [
      { name: 'lan', bridge: 'vmbr0', vlan: 7 },
      { name: 'wan', bridge: 'vmbr0' },
    ];
    expect(texts({ isolationVlan: 7 }, [], { networks })).toEqual([
      'network "wan" is in no VLAN, but must be in VLAN 7',
    ]);
    expect(texts({ isolationVlan: 7 }, [])).toHaveLength(1);
  });

  test('needs an owner where people have limits', () => {
    expect(texts({ perUser: { vms: 3 } }, [], { owner: undefined })).toEqual([
      'spec.owner is required where there are limits per user',
    ]);
  });

  test('that is there already is left in peace by rules that came later', () => {
    expect(texts({ perVM: { max: { cpu: 1 } }, allowed: { templates: [] } }, [entry('web-1')])).toEqual([]);
  });
});

describe('F100: a share of a storage', () => {
  const disk = (size: string, storage?: string) => ({ name: 'root', size, ...(storage && { storage }) });
  const rules: Rules = { perStorage: [{ storage: 'fast', size: '50Gi' }] };
  const there = [entry('a', { disks: [disk('30Gi', 'fast')] }), entry('b', { disks: [disk('90Gi', 'slow')] })];

  test('counts the disks that name it', () => {
    expect(texts(rules, there, { disks: [disk('30Gi', 'fast')] })).toEqual([
      'perStorage.size of "fast": requested 30Gi, used 30Gi, hard 50Gi; 20Gi would fit',
    ]);
    expect(texts(rules, there, { disks: [disk('20Gi', 'fast')] })).toEqual([]);
    expect(texts(rules, there, { disks: [disk('500Gi', 'slow')] })).toEqual([]);
  });

  test('wants every disk to name its storage', () => {
    expect(texts(rules, there, { disks: [disk('1Gi')] })).toEqual([
      'spec.disks[root].storage is required where there are limits per storage',
    ]);
  });

  test('counts what grows, of a machine that is there', () => {
    const grown = applicant({ disks: [disk('60Gi', 'fast')] }, 'a');
    expect(evaluate(rules, there, grown).violations.map(({ text }) => text)).toEqual([
      'perStorage.size of "fast": requested 30Gi, used 30Gi, hard 50Gi; it exceeds the limit even alone',
    ]);
    expect(
      evaluate(
        { perStorage: [{ storage: 'fast', size: '1Gi' }] },
        there,
        applicant({ disks: [disk('30Gi', 'fast')] }, 'a'),
      ).violations,
    ).toEqual([]);
  });
});

describe('F62, F100: snapshots', () => {
  const taken = (name: string, snapshotOf: string): Allocation => ({
    ...{ name: `snapshot/${name}`, uid: `s-${name}`, state: 'Bound', generation: 0 },
    ...snapshotCharge(snapshotOf),
  });
  const asking = (name: string, snapshotOf: string) => ({ name: `snapshot/${name}`, uid: `s-${name}`, snapshotOf });
  const ledger = [entry('a'), entry('b'), taken('one', 'a'), taken('two', 'b')];
  const told = (rules: Rules, snapshotOf = 'a') =>
    evaluate(rules, ledger, asking('three', snapshotOf)).violations.map(({ text }) => text);

  test('are counted beside machines, and refused with numbers', () => {
    expect(told({ hard: { vms: 2, snapshots: 2 } })).toEqual(['snapshots: requested 1, used 2, hard 2; 0 would fit']);
    expect(told({ hard: { vms: 2, cpu: 1, snapshots: 3 }, perUser: { vms: 1 } })).toEqual([]);
  });

  test('take no room of machines', () => {
    expect(texts({ hard: { vms: 3, snapshots: 1 } }, ledger)).toEqual([]);
  });

  test('are limited for each machine', () => {
    expect(told({ maxPerVM: 1 })).toEqual(['snapshots.maxPerVM of "a": requested 1, used 1, hard 1; 0 would fit']);
    expect(told({ maxPerVM: 1 }, 'c')).toEqual([]);
  });

  test('that are there already are not asked about again', () => {
    expect(evaluate({ hard: { snapshots: 0 } }, ledger, asking('one', 'a')).violations).toEqual([]);
  });
});

describe('F104: a VmTemplate', () => {
  test('speaks of its own fields', () => {
    const rules = templateRules({
      sources: [],
      cloneMode: 'Full',
      minimum: { rootDisk: '30Gi' },
      maximum: { cpu: 1 },
      maxVMs: 1,
      maxVMsPerUser: 1,
    });
    expect(evaluate(rules, [entry('a')], applicant()).violations).toEqual([
      { reason: 'NotAllowed', text: 'cpu: 2 is above maximum.cpu 1' },
      { reason: 'NotAllowed', text: 'rootDisk: 20Gi is below minimum.rootDisk 30Gi' },
      { reason: 'TemplateLimitReached', text: 'maxVMs: requested 1, used 1, hard 1; 0 would fit' },
      { reason: 'TemplateLimitReached', text: 'maxVMsPerUser of "alice": requested 1, used 1, hard 1; 0 would fit' },
    ]);
  });
});
