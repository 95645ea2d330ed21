import { describe, expect, test } from 'vitest';
import type { VirtualMachine } from '#api/kinds.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import type { MachineConfig } from '../machine.ts';
import { formatMarker } from '../marker.ts';
import { clonedConfig, marker, virtualMachine } from '../testing/fixtures.ts';
import { pass, type World } from '../testing/world.ts';
import { finalizer } from './reserve.ts';

const time = '2026-01-01T00:00:00Z';

/** As the operator leaves it when everything is as desired. */
const inSync = clonedConfig({
  cores: 2,
  memoryMiB: 2048,
  tags: ['berth'],
  protection: true,
  disks: [
    { key: 'scsi0', volume: 'shared:vm-1000-disk-0', storage: 'shared', sizeMiB: 20_480, root: true },
    { key: 'scsi1', volume: 'shared:vm-1000-disk-1', storage: 'shared', sizeMiB: 1024, root: false, serial: 'data' },
  ],
});

const disks = [
  { name: 'root', size: '20Gi' },
  { name: 'data', size: '1Gi' },
];

/** A machine that was ready, and what somebody has made of it in Proxmox. */
function worldWith(
  spec: Partial<VirtualMachineSpec>,
  config: Partial<MachineConfig>,
  change: Partial<World> = {},
): World {
  const bare = virtualMachine({ disks, ...spec });
  const conditions = ['Provisioned', 'ConfigSynced', 'PowerSynced'].map(type => {
    return {
      type,
      status: 'True',
      reason: 'UpToDate',
      message: '',
      observedGeneration: 1,
      lastTransitionTime: time,
    } as const;
  });
  const status = { vmid: 1000, node: 'n1', uuid: 'uuid-1', createdAt: time, lastStartedAt: time, conditions };
  const vm: VirtualMachine = {
    ...bare,
    metadata: { ...bare.metadata, finalizers: [finalizer] },
    status: { ...status, powerState: 'Running' },
  };
  const machine = { node: 'n1', config: { ...inSync, ...config }, power: 'Running' as const };
  return { now: Date.parse(time), vm, machine, templateUsable: true, clusterExists: true, quorate: true, ...change };
}

function step(world: World) {
  const { decision } = pass(world, world.vm as VirtualMachine, { state: 'none' });
  return decision;
}

const conditionOf = ({ vm }: World, type: string) => vm?.status?.conditions?.find(found => found.type === type);

describe('F42: what somebody changes in Proxmox', () => {
  test.each<[what: string, spec: Partial<VirtualMachineSpec>, config: Partial<MachineConfig>, change: object]>([
    ['CPUs', {}, { cores: 8 }, { cores: 2 }],
    ['memory', {}, { memoryMiB: 512 }, { memoryMiB: 2048 }],
    ['the name', {}, { name: 'other' }, { name: 'web-1' }],
    ['the tag', {}, { tags: ['mine'] }, { tags: ['berth', 'mine'] }],
    ['declared tags', { tags: ['web'] }, { tags: ['berth', 'mine'] }, { tags: ['berth', 'web'] }],
    ['the description', { description: 'Shop' }, {}, { description: `Shop\n\n${formatMarker(marker())}` }],
    ['protection', {}, { protection: false }, { protection: true }],
    ['the agent', { guestAgent: 'Disabled' }, {}, { agent: { enabled: false, options: [] } }],
    ['the start at boot', { startAtBoot: 'Enabled' }, {}, { startAtBoot: true }],
    ['a start at boot that is not wanted', { startAtBoot: 'Disabled' }, { startAtBoot: true }, { startAtBoot: false }],
    ['cloud-init', { cloudInit: { user: 'ada' } }, {}, { cloudInit: { user: 'ada' } }],
  ])('%s is put right', (_, spec, config, change) => {
    expect(step(worldWith(spec, config)).action).toMatchObject({ kind: 'configure', change });
  });

  test('a network card is written anew, with its own MAC', () => {
    const networks = [{ name: 'lan', bridge: 'vmbr0', vlan: 20 }];
    expect(step(worldWith({ networks }, {})).action).toMatchObject({
      change: { nics: [{ index: 0, vlan: 20, mac: 'BC:24:11:00:00:01' }] },
    });
  });

  test('is left and told where the spec says so, and holds nothing else up', () => {
    const world = worldWith({ drift: 'Report' }, { cores: 8, name: 'other' });
    expect(step(world)).toMatchObject({ outcome: { kind: 'stalled', reason: 'ExternalDrift' } });
    expect(world.machine?.config.cores).toBe(8);
    expect(conditionOf(world, 'ConfigSynced')).toMatchObject({ status: 'False', reason: 'ExternalDrift' });
    expect(conditionOf(world, 'ConfigSynced')?.message).toContain('hostname, resources.cpu');
    expect(conditionOf(world, 'PowerSynced')?.status).toBe('True');
    if (world.machine) world.machine.config = inSync;
    step(world);
    expect(conditionOf(world, 'Ready')?.status).toBe('True');
  });

  test('a marker and protection are put back all the same: they are what keeps a machine ours', () => {
    const world = worldWith({ drift: 'Report' }, { description: 'note', protection: false, cores: 8 });
    expect(step(world).action).toMatchObject({
      change: { description: `note\n\n${formatMarker(marker())}`, protection: true },
    });
    expect(world.machine?.config.cores).toBe(8);
  });

  test('does not keep a change of the spec from being carried out', () => {
    const world = worldWith({ drift: 'Report' }, { cores: 8 });
    if (world.vm) world.vm.metadata.generation = 2;
    expect(step(world).action).toMatchObject({ kind: 'configure', change: { cores: 2 } });
  });

  test('a disk that was taken off is told, and not made anew as an empty one', () => {
    const world = worldWith({}, { disks: inSync.disks.slice(0, 1) });
    expect(step(world)).toMatchObject({ finding: { reason: 'ExternalDrift' } });
    expect(conditionOf(world, 'Ready')?.message).toContain('no disk data any more');
    expect(step(world).action).toBeUndefined();
  });
});

describe('F55: a change that waits for a restart', () => {
  test('is told, and the machine is ready meanwhile', () => {
    const world = worldWith({}, {}, { pending: ['cores', 'net0', 'scsi1'] });
    if (world.vm?.status) world.vm.status.restartRequiredFor = ['resources.memory'];
    step(world);
    const settings = ['disks[data]', 'networks[net0]', 'resources.cpu'];
    expect(world.vm?.status?.restartRequiredFor).toEqual(settings);
    expect(conditionOf(world, 'ConfigSynced')).toMatchObject({
      status: 'False',
      reason: 'RestartRequired',
      message: `These settings take effect at the next restart: ${settings.join(', ')}.`,
    });
    expect(conditionOf(world, 'Ready')?.status).toBe('True');
    Object.assign(world, { pending: [], sweep: true });
    step(world);
    expect(world.vm?.status?.restartRequiredFor).toBeUndefined();
    expect(conditionOf(world, 'ConfigSynced')?.status).toBe('True');
  });

  test('nobody asks for it where nothing was changed', () => {
    const world = worldWith({}, {}, { pending: ['cores'] });
    step(world);
    expect(world.vm?.status?.restartRequiredFor).toBeUndefined();
  });
});

describe('F119: a machine that somebody removed', () => {
  test('is told of and left so', () => {
    const world = worldWith({}, {}, { machine: undefined });
    expect(step(world)).toMatchObject({ outcome: { kind: 'stalled', reason: 'Missing' } });
    expect(conditionOf(world, 'Missing')?.status).toBe('True');
  });

  test('is made anew where its spec says so, once it is proven to be gone', () => {
    const world = worldWith({ onMissing: 'Recreate' }, {}, { machine: undefined, quorate: false });
    expect(step(world).action).toBeUndefined();
    world.quorate = true;
    expect(step(world).action?.kind).toBe('recreate');
    expect(step(world).action?.kind).toBe('clone');
  });
});

describe('F65: the password of a Secret', () => {
  const cloudInit = { passwordSecretRef: { name: 'login' } };

  /** Just cloned: nothing was written yet. */
  function fresh(change: Partial<World> = {}): World {
    const world = worldWith({ cloudInit }, { protection: false, tags: [] }, change);
    if (world.vm?.status) Object.assign(world.vm.status, { createdAt: undefined, lastStartedAt: undefined });
    return world;
  }

  test('goes with the first write, and with no other', () => {
    const world = fresh();
    expect(step(world).action).toMatchObject({ kind: 'configure', change: { cloudInit: { password: 'secret' } } });
    expect(step(world).action?.kind).toBe('start');
    expect(JSON.stringify(world.vm)).not.toContain('"secret"');
  });

  test('replaces one that the template had', () => {
    const world = fresh();
    if (world.machine) world.machine.config.cloudInit = { ...inSync.cloudInit, hasPassword: true };
    expect(step(world).action).toMatchObject({ change: { cloudInit: { password: 'secret' } } });
  });

  test('is waited for: without it the machine does not boot', () => {
    const world = fresh({ secret: { found: false, reason: 'SecretNotFound', message: 'there is no Secret' } });
    expect(step(world)).toMatchObject({ outcome: { kind: 'stalled', reason: 'SecretNotFound' } });
    expect(world.machine?.config.protection).toBe(false);
  });

  test('is not asked for once the machine is there', () => {
    expect(step(worldWith({ cloudInit }, {})).action).toBeUndefined();
  });
});
