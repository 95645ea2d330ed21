import { describe, expect, test } from 'vitest';
import { configChange } from './desired-config.ts';
import type { MachineConfig, NewMachine } from './machine.ts';
import { formatMarker } from './marker.ts';
import { blank, newMachine } from './new-machine.ts';
import { cluster, marker, virtualMachine } from './testing/fixtures.ts';
import { written } from './testing/world.ts';

const fromIso = (spec: Parameters<typeof virtualMachine>[0] = {}) =>
  virtualMachine({ source: { iso: { name: 'debian-12' } }, ...spec });

const approved = { marker: marker(), ...cluster().spec };

describe('F20: a machine that is made from an ISO image', () => {
  test('is made with everything at once: its disk boots first, then the image, then its network', () => {
    const vm = fromIso({ networks: [{ name: 'lan', bridge: 'vmbr0' }], tags: ['web'], description: 'a shop' });
    expect(newMachine(vm, approved)).toMatchObject({
      name: 'web-1',
      description: `a shop\n\n${formatMarker(marker())}`,
      cores: 2,
      memoryMiB: 2048,
      tags: ['berth', 'web'],
      protection: true,
      disks: [{ key: 'scsi0', storage: 'shared', sizeMiB: 20_480, serial: 'root' }],
      nics: [{ index: 0, bridge: 'vmbr0', firewall: true }],
      cdrom: { key: 'ide2', volume: 'local:iso/debian-12.iso' },
      boot: ['scsi0', 'ide2', 'net0'],
    });
  });

  test('leaves nothing to be written afterwards', () => {
    const data = { name: 'data', size: '1Gi', bus: 'Virtio' as const };
    const vm = fromIso({ disks: [{ name: 'root', size: '8Gi' }, data], startAtBoot: 'Enabled', guestAgent: 'Enabled' });
    const config: MachineConfig = written(blank, newMachine(vm, approved) as NewMachine);
    for (const fresh of [true, false]) {
      expect(configChange(vm, config, { ...approved, fresh, defaultStorage: 'shared' })).toBeUndefined();
    }
  });

  test('has its disks on the buses that are asked for, and boots as is asked for', () => {
    const vm = fromIso({ disks: [{ name: 'root', size: '8Gi', bus: 'Sata' }], bootOrder: ['cdrom', 'root'] });
    expect(newMachine(vm, approved)).toMatchObject({ disks: [{ key: 'sata0' }], boot: ['ide2', 'sata0'] });
  });

  test('may begin with another image in its drive, or none', () => {
    const isos = [...(approved.isos ?? []), { name: 'drivers', volume: 'local:iso/virtio.iso' }];
    expect(newMachine(fromIso({ cdrom: { iso: 'drivers' } }), { ...approved, isos })).toMatchObject({
      cdrom: { volume: 'local:iso/virtio.iso' },
    });
    expect(newMachine(fromIso({ cdrom: {} }), approved)).not.toHaveProperty('cdrom');
  });

  test('F31: has UEFI and a TPM where its root disk is', () => {
    const disks = [{ name: 'root', size: '64Gi', storage: 'fast' }];
    expect(
      newMachine(fromIso({ disks, firmware: { type: 'Uefi', secureBoot: 'Enabled' }, tpm: 'V2' }), approved),
    ).toMatchObject({ uefi: { storage: 'fast', secureBoot: true }, tpm: { storage: 'fast' } });
    expect(newMachine(fromIso({ firmware: { type: 'Bios' }, tpm: 'Disabled' }), approved)).not.toHaveProperty('uefi');
  });

  test('needs a storage: the message names the disk', () => {
    expect(newMachine(fromIso(), { ...approved, storages: [{ name: 'shared' }] })).toMatchObject({
      reason: 'InvalidSpec',
      message: expect.stringContaining('spec.disks[root].storage: name one'),
    });
  });
});
