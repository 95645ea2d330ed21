import { describe, expect, test } from 'vitest';
import { driveSizeBytes, formatDrive, isCdrom, isCloudInitDrive, newVolume, parseDrive, storageOf } from './drive.ts';
import { describeOracle, readCaptures } from './testing/oracle.ts';

describe('a drive', () => {
  test('is a volume with options', () => {
    const drive = parseDrive('local-lvm:vm-100-disk-0,discard=on,size=32G');
    expect(drive).toEqual({ volume: 'local-lvm:vm-100-disk-0', options: { discard: 'on', size: '32G' } });
    expect(driveSizeBytes(drive)).toBe(32 * 1024 ** 3);
    expect(storageOf(drive.volume)).toBe('local-lvm');
  });

  test('keeps its volume when an option changes', () => {
    const { volume, options } = parseDrive('local:200/vm-200-disk-0.qcow2,cache=none,size=1G');
    expect(formatDrive({ volume, options: { ...options, cache: 'writeback' } })).toBe(
      'local:200/vm-200-disk-0.qcow2,cache=writeback,size=1G',
    );
  });

  test('that is new has a storage and a size in GiB', () => {
    expect(formatDrive({ volume: newVolume('ceph', 32), options: { discard: 'on' } })).toBe('ceph:32,discard=on');
  });

  test.each(['', 'size=1G'])('is not %j', text => {
    expect(() => parseDrive(text)).toThrow(RangeError);
  });

  test('is not written where its volume would add options', () => {
    expect(() => formatDrive({ volume: 'local:1,import-from=/etc/shadow', options: {} })).toThrow(RangeError);
  });

  test.each([
    ['local:200/vm-200-cloudinit.qcow2,media=cdrom', true, true],
    ['local-lvm:vm-200-cloudinit', true, true],
    ['local:cloudinit', true, true],
    ['local:iso/debian.iso,media=cdrom', true, false],
    ['none,media=cdrom', true, false],
    ['local:200/vm-200-disk-0.qcow2', false, false],
    ['local:200/vm-200-mycloudinit-0.qcow2', false, false],
  ])('%s: CD-ROM %s, cloud-init %s', (text, cdrom, cloudInit) => {
    expect([isCdrom(parseDrive(text)), isCloudInitDrive(parseDrive(text))]).toEqual([cdrom, cloudInit]);
  });

  test('that is empty lies on no storage', () => {
    expect(storageOf(parseDrive('none,media=cdrom').volume)).toBeUndefined();
  });
});

describeOracle('every captured drive', () => {
  test('means the same when it is written back', () => {
    const pattern = /"(?:scsi|virtio|sata|ide)\d+":"([^"]+)"/g;
    const bodies = readCaptures().filter(({ request }) => request.target.endsWith('/config'));
    const drives = new Set(bodies.flatMap(({ body }) => Array.from(body.matchAll(pattern), ([, text]) => text ?? '')));
    expect(drives.size).toBeGreaterThan(5);
    for (const text of drives) expect(parseDrive(formatDrive(parseDrive(text)))).toEqual(parseDrive(text));
  });
});
