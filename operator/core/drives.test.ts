import { describe, expect, test } from 'vitest';
import { configChange } from './desired-config.ts';
import type { MachineConfig } from './machine.ts';
import { formatMarker } from './marker.ts';
import { clonedConfig, cluster, marker, virtualMachine } from './testing/fixtures.ts';

const context = { marker: marker(), fresh: false, defaultStorage: 'shared', isos: cluster().spec.isos };

const configWith = (change: Partial<MachineConfig> = {}) =>
  clonedConfig({
    cores: 2,
    memoryMiB: 2048,
    tags: ['berth'],
    protection: true,
    description: formatMarker(marker()),
    ...change,
  });

const loaded = { key: 'ide0', volume: 'local:iso/debian-12.iso', cloudInit: false };
const cloudInit = { key: 'ide2', volume: 'shared:vm-1000-cloudinit', cloudInit: true };

describe('F57: the CD-ROM drive', () => {
  test('is left as it is where the spec does not mention it', () => {
    expect(configChange(virtualMachine(), configWith({ cdroms: [cloudInit, loaded] }), context)).toBeUndefined();
  });

  test('is loaded, changed and emptied by a swap, and never removed', () => {
    const load = virtualMachine({ cdrom: { iso: 'debian-12' } });
    const empty = configWith({ cdroms: [{ ...loaded, volume: 'none' }] });
    expect(configChange(load, empty, context)).toEqual({ cdrom: { key: 'ide0', volume: 'local:iso/debian-12.iso' } });
    const other = configWith({ cdroms: [{ ...loaded, volume: 'local:iso/other.iso' }] });
    expect(configChange(load, other, context)).toEqual({ cdrom: { key: 'ide0', volume: 'local:iso/debian-12.iso' } });
    const eject = virtualMachine({ cdrom: {} });
    expect(configChange(eject, configWith({ cdroms: [loaded] }), context)).toEqual({
      cdrom: { key: 'ide0', volume: 'none' },
    });
    expect(configChange(eject, empty, context)).toBeUndefined();
  });

  test("is a new one beside cloud-init's, which is nobody's to change", () => {
    const load = virtualMachine({ cdrom: { iso: 'debian-12' } });
    expect(configChange(load, configWith({ cdroms: [cloudInit] }), context)).toEqual({
      cdrom: { key: 'ide0', volume: 'local:iso/debian-12.iso' },
    });
    expect(configChange(virtualMachine({ cdrom: {} }), configWith({ cdroms: [cloudInit] }), context)).toBeUndefined();
  });

  test('keeps what it has when the image is not approved', () => {
    const vm = virtualMachine({ cdrom: { iso: 'unknown' } });
    expect(configChange(vm, configWith({ cdroms: [loaded] }), context)).toBeUndefined();
  });
});

describe('the boot order', () => {
  const disks = [
    { name: 'root', size: '2Gi' },
    { name: 'data', size: '1Gi' },
  ];
  const networks = [{ name: 'lan', bridge: 'vmbr0', firewall: 'Disabled' as const }];

  test('is left as it is where the spec does not mention it', () => {
    expect(configChange(virtualMachine(), configWith({ boot: ['net0', 'scsi0'] }), context)).toBeUndefined();
  });

  test('is written in the keys of Proxmox, also of what the same write makes', () => {
    const bootOrder = ['cdrom', 'root', 'data', 'lan'];
    const vm = virtualMachine({ disks, networks, bootOrder, cdrom: { iso: 'debian-12' } });
    const change = configChange(vm, configWith({ cdroms: [] }), context);
    expect(change).toMatchObject({ boot: ['ide2', 'scsi0', 'scsi1', 'net0'], disks: [{ key: 'scsi1' }] });
  });

  test('a new disk takes no key that a drive has', () => {
    const onBus = [{ ...cloudInit, key: 'scsi1' }];
    expect(configChange(virtualMachine({ disks }), configWith({ cdroms: onBus }), context)?.disks).toMatchObject([
      { key: 'scsi2' },
    ]);
  });
});
