import { describe, expect, test } from 'vitest';
import { vmConfigAnswer } from '#proxmox/vm.ts';
import { toCreation, toMachineConfig, toParameters } from './machine-config.ts';

const read = (raw: Record<string, string | number>) =>
  toMachineConfig(vmConfigAnswer.parse({ digest: 'd', smbios1: 'uuid=AB-1', ...raw }));

describe('a configuration is read', () => {
  test('with its root disk by boot order, and neither CD-ROMs nor the cloud-init drive', () => {
    const { disks } = read({
      boot: 'order=ide2;virtio0;net0',
      ide2: 'shared:vm-1-cloudinit,media=cdrom',
      scsi0: 'shared:vm-1-disk-1,size=8G,serial=data',
      virtio0: 'shared:vm-1-disk-0,size=32G',
      sata0: 'none,media=cdrom',
    });
    expect(disks).toEqual([
      { key: 'scsi0', volume: 'shared:vm-1-disk-1', storage: 'shared', sizeMiB: 8192, serial: 'data', root: false },
      {
        key: 'virtio0',
        volume: 'shared:vm-1-disk-0',
        storage: 'shared',
        sizeMiB: 32_768,
        serial: undefined,
        root: true,
      },
    ]);
  });

  test('with its CD-ROM drives and its boot order', () => {
    const { cdroms, boot } = read({
      boot: 'order=sata0;scsi0',
      ide2: 'shared:vm-1-cloudinit,media=cdrom',
      sata0: 'local:iso/debian.iso,media=cdrom,size=600M',
      scsi0: 'shared:vm-1-disk-0,size=8G',
    });
    expect(cdroms).toEqual([
      { key: 'ide2', volume: 'shared:vm-1-cloudinit', cloudInit: true },
      { key: 'sata0', volume: 'local:iso/debian.iso', cloudInit: false },
    ]);
    expect(boot).toEqual(['sata0', 'scsi0']);
  });

  test('with what Proxmox leaves out', () => {
    expect(read({})).toMatchObject({ cores: 1, sockets: 1, memoryMiB: 512, protection: false, tags: [], uuid: 'ab-1' });
  });

  test('with network cards and cloud-init in plain terms', () => {
    const config = read({
      net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=20,firewall=1,link_down=1',
      ciuser: 'ann',
      sshkeys: 'ssh-ed25519%20AAAA%20ann%0A',
      nameserver: '192.0.2.53 192.0.2.54',
      ipconfig0: 'ip=dhcp,ip6=auto',
    });
    expect(config.nics).toEqual([
      expect.objectContaining({
        index: 0,
        model: 'Virtio',
        mac: 'BC:24:11:00:00:01',
        vlan: 20,
        firewall: true,
        linkDown: true,
      }),
    ]);
    expect(config.cloudInit).toMatchObject({
      user: 'ann',
      sshKeys: ['ssh-ed25519 AAAA ann'],
      nameservers: ['192.0.2.53', '192.0.2.54'],
      addresses: { 0: { ip: 'dhcp', ip6: 'auto' } },
    });
  });
});

test('the switch of the guest agent is changed, and its other settings stay', () => {
  for (const [agent, enabled] of [
    ['1', true],
    ['enabled=1,fstrim_cloned_disks=1', true],
    ['0,type=isa', false],
  ] as const) {
    expect(read({ agent }).agent.enabled).toBe(enabled);
  }
  const { options } = read({ agent: '1,fstrim_cloned_disks=1' }).agent;
  expect(toParameters({ agent: { enabled: false, options } }).set).toEqual({
    agent: 'enabled=0,fstrim_cloned_disks=1',
  });
  expect(read({}).agent.enabled).toBe(false);
});

describe('a change is written', () => {
  test("in Proxmox' own keys", () => {
    const { set, delete: deleted } = toParameters({
      memoryMiB: 2048,
      tags: ['web', 'berth'],
      protection: true,
      nics: [{ index: 1, model: 'E1000', bridge: 'vmbr0', firewall: true, linkDown: false, rateMbps: 10 }],
      disks: [{ key: 'scsi1', storage: 'shared', sizeMiB: 5120, serial: 'data' }],
      cloudInit: { addresses: { 1: { ip: '192.0.2.1/24', gateway: '192.0.2.9' } } },
      remove: ['onboot'],
    });
    expect(set).toEqual({
      memory: 2048,
      tags: 'berth;web',
      protection: 1,
      net1: 'e1000,bridge=vmbr0,firewall=1,rate=10',
      scsi1: 'shared:5,serial=data',
      ipconfig1: 'gw=192.0.2.9,ip=192.0.2.1/24',
    });
    expect(deleted).toEqual(['onboot']);
    expect(toParameters({ startAtBoot: false, cloudInit: { password: 'x' } }).set).toEqual({
      onboot: 0,
      cipassword: 'x',
    });
  });

  test('emptying something is deleting it', () => {
    expect(toParameters({ description: '', protection: false, tags: [] })).toEqual({
      set: {},
      delete: ['protection', 'description', 'tags'],
    });
  });
});

test('F31: a machine that is made from nothing has the hardware that no template has set', () => {
  const cdrom = { key: 'ide2', volume: 'local:iso/windows.iso' };
  expect(
    toCreation({
      cdrom,
      boot: ['sata0', 'ide2'],
      disks: [{ key: 'sata0', storage: 'fast', sizeMiB: 512, serial: 'root' }],
    }),
  ).toEqual({
    ostype: 'l26',
    cpu: 'x86-64-v2-AES',
    scsihw: 'virtio-scsi-single',
    sata0: 'fast:0.5,serial=root',
    ide2: 'local:iso/windows.iso,media=cdrom',
    boot: 'order=sata0;ide2',
  });
  expect(toCreation({ uefi: { storage: 'fast', secureBoot: true }, tpm: { storage: 'fast' } })).toMatchObject({
    bios: 'ovmf',
    machine: 'q35',
    efidisk0: 'fast:1,efitype=4m,pre-enrolled-keys=1',
    tpmstate0: 'fast:1,version=v2.0',
  });
});
