import { describe, expect, it } from 'vitest';
import { parsePropertyString } from './check.ts';
import type { Release } from './parameter.ts';
import { printPropertyString } from './property-string.ts';
import { propertyTable } from './property-tables.ts';

function table(name: string, release: Release = '9.2') {
  const found = propertyTable(release, name);
  if (!found) throw new Error(`no property string ${name}`);
  return found;
}

describe('property strings', () => {
  it('are parted into the keys that their aliases stand for', () => {
    expect(parsePropertyString(table('net'), 'virtio=52:54:00:00:00:01,bridge=vmbr0,firewall=on')).toEqual({
      ok: true,
      values: { model: 'virtio', macaddr: '52:54:00:00:00:01', bridge: 'vmbr0', firewall: '1' },
    });
  });

  it('are printed as they are stored', () => {
    const net = { bridge: 'vmbr0', macaddr: '52:54:00:00:00:01', model: 'virtio', tag: 10 };
    expect(printPropertyString(table('net'), net)).toBe('virtio=52:54:00:00:00:01,bridge=vmbr0,tag=10');
    const disk = { size: '32G', file: 'local-lvm:vm-100-disk-0', discard: 'on', cache: undefined };
    expect(printPropertyString(table('scsi'), disk)).toBe('local-lvm:vm-100-disk-0,discard=on,size=32G');
  });

  it.each([
    ['net', 'virtio,virtio', 'duplicate key in comma-separated list property: model\n'],
    ['net', 'virtio,bridge=a1,bridge=a2', 'duplicate key in comma-separated list property: bridge\n'],
    ['net', 'model=virtio,e1000=52:54:00:00:00:01', "key alias 'model' is already defined\n"],
    ['net', '=virtio', 'missing key in comma-separated list property\n'],
    ['audio0', 'spice', 'value without key, but schema does not define a default key\n'],
    ['scsi', 'file=a:b,volume=a:c', "key 'file' is already defined (via alias)\n"],
  ])('of %s are refused: %s', (name, text, message) => {
    expect(parsePropertyString(table(name), text)).toEqual({ ok: false, message });
  });

  it('let the last of two aliases win in 8.4', () => {
    const parsed = parsePropertyString(table('scsi', '8.4'), 'file=local:1,volume=local:2');
    expect(parsed).toEqual({ ok: true, values: { file: 'local:2' } });
  });
});
