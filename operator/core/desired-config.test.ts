import { describe, expect, test } from 'vitest';
import { configChange, growth, tooLarge } from './desired-config.ts';
import { formatMarker } from './marker.ts';
import { clonedConfig, marker, virtualMachine } from './testing/fixtures.ts';

const context = { marker: marker(), fresh: false, defaultStorage: 'shared' };
const asDesired = () =>
  clonedConfig({ cores: 2, memoryMiB: 2048, tags: ['berth'], protection: true, description: formatMarker(marker()) });

describe('one write brings a configuration to what is desired', () => {
  test('and none is needed when it is', () => {
    expect(configChange(virtualMachine(), asDesired(), context)).toBeUndefined();
  });

  test('CPUs are spread over sockets', () => {
    const vm = virtualMachine({ resources: { cpu: 8, sockets: 2, memory: '2Gi' } });
    expect(configChange(vm, asDesired(), context)).toEqual({ cores: 4, sockets: 2 });
  });

  test('F53: the tag berth cannot be lost, and tags that are not declared stay', () => {
    const config = { ...asDesired(), tags: ['theirs'] };
    expect(configChange(virtualMachine(), config, context)).toEqual({ tags: ['berth', 'theirs'] });
    expect(configChange(virtualMachine({ tags: ['web'] }), config, context)).toEqual({ tags: ['berth', 'web'] });
  });

  test('a description that is not declared is kept, with the marker below it', () => {
    const config = { ...asDesired(), description: 'written in Proxmox' };
    const change = configChange(virtualMachine(), config, context);
    expect(change).toEqual({ description: `written in Proxmox\n\n${formatMarker(marker())}` });
  });

  test('a network card keeps the MAC that it has', () => {
    const vm = virtualMachine({ networks: [{ name: 'lan', bridge: 'vmbr0', vlan: 20 }] });
    expect(configChange(vm, asDesired(), context)?.nics).toEqual([
      expect.objectContaining({ index: 0, mac: 'BC:24:11:00:00:01', vlan: 20, firewall: true }),
    ]);
  });

  test('a list of networks that is absent leaves the cards alone', () => {
    const config = { ...asDesired(), nics: [] };
    expect(configChange(virtualMachine(), config, context)).toBeUndefined();
  });

  test('a new disk takes the next free place of its bus and carries its name', () => {
    const vm = virtualMachine({
      disks: [
        { name: 'root', size: '2Gi' },
        { name: 'data', size: '5Gi' },
      ],
    });
    const change = configChange(vm, asDesired(), context);
    expect(change).toEqual({ disks: [{ key: 'scsi1', storage: 'shared', sizeMiB: 5120, serial: 'data' }] });
  });

  test('a disk that carries its name is there already, wherever it is plugged in', () => {
    const vm = virtualMachine({
      disks: [
        { name: 'root', size: '2Gi' },
        { name: 'data', size: '5Gi' },
      ],
    });
    const config = asDesired();
    config.disks.push({ key: 'sata3', volume: 'x:1', storage: 'x', sizeMiB: 5120, serial: 'data', root: false });
    expect(configChange(vm, config, context)).toBeUndefined();
  });

  test('addresses go to the card of the same place', () => {
    const vm = virtualMachine({
      networks: [
        { name: 'a', bridge: 'vmbr0', addresses: [{ method: 'DHCP' }, { method: 'SLAAC' }] },
        {
          name: 'b',
          bridge: 'vmbr0',
          addresses: [{ method: 'Static', address: '192.0.2.1/24', gateway: '192.0.2.9' }],
        },
      ],
    });
    expect(configChange(vm, asDesired(), context)?.cloudInit).toEqual({
      addresses: { 0: { ip: 'dhcp', ip6: 'auto' }, 1: { ip: '192.0.2.1/24', gateway: '192.0.2.9' } },
    });
  });
});

describe('a fresh clone', () => {
  const fresh = { ...context, fresh: true };

  test('loses what it took over from its template and nobody asked for', () => {
    const inherited = { ...asDesired(), startAtBoot: true, foreignKeys: ['cicustom'], tags: ['golden'] };
    expect(configChange(virtualMachine(), inherited, fresh)).toEqual({
      tags: ['berth'],
      remove: ['onboot', 'cicustom'],
    });
  });

  test('has the network cards that are declared and no more', () => {
    const config = asDesired();
    config.nics.push({ ...config.nics[0], index: 1, mac: 'BC:24:11:00:00:02' } as (typeof config.nics)[0]);
    const vm = virtualMachine({ networks: [{ name: 'lan', bridge: 'vmbr0', firewall: 'Disabled' }] });
    expect(configChange(vm, config, fresh)).toEqual({ remove: ['net1'] });
    expect(configChange(vm, config, context)).toBeUndefined();
  });
});

describe('F55: disks grow and never shrink', () => {
  test('a disk that is too small is named with its size', () => {
    expect(growth(virtualMachine(), asDesired())).toEqual([{ key: 'scsi0', name: 'root', sizeMiB: 20_480 }]);
  });

  test('one that is larger than declared is no reason to change it', () => {
    const vm = virtualMachine({ disks: [{ name: 'root', size: '1Gi' }] });
    expect(growth(vm, asDesired())).toEqual([]);
    expect(tooLarge(vm, asDesired())).toEqual([{ name: 'root', sizeMiB: 2048 }]);
  });
});
