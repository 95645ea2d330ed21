import { describe, expect, it } from 'vitest';
import { checkFormat } from './formats.ts';

const UNPARSED = 'unable to parse cpuset option\n';
const PAIR = "entry 'a b' contains invalid ID - storage ID 'a b' contains illegal characters\n\n\n";

describe('formats', () => {
  it.each([
    ['pve-cpuset', '0-3,8', undefined],
    ['pve-cpuset', '', undefined],
    ['pve-cpuset', '3-0', UNPARSED],
    ['pve-cpuset', '0,,1', UNPARSED],
    ['pve-startup-order', 'order=1,up=30,', undefined],
    ['pve-startup-order', 'first', 'unable to parse startup options\n'],
    ['pve-poolid', 'a/b/c', undefined],
    ['pve-poolid', 'a/b/c/d', "pool name 'a/b/c/d' nested too deeply (max levels = 3)\n"],
    ['pve-userid', 'a@', "user name 'a@' is too short\n"],
    ['pve-userid', '0', "user name '' is too short\n"],
    ['pve-userid', 'root', "value 'root' does not look like a valid user name\n"],
    ['pve-storage-id', 'x', "storage ID 'x' cannot be shorter than 2 characters\n"],
    ['storage-pair', 'local:other', undefined],
    ['storage-pair', 'a b', PAIR],
    ['pve-hotplug-features', 'network,disk', undefined],
    ['pve-hotplug-features', 'all', "invalid hotplug feature 'all'\n"],
    ['email-opt', '', undefined],
  ])('%s of %j: %s', (format, value, message) => {
    expect(checkFormat(format, value, '9.2')).toBe(message);
  });

  it('of lists are checked element by element, and an empty list is right', () => {
    expect(checkFormat('pve-vmid-list', '100, 101;102', '9.2')).toBeUndefined();
    expect(checkFormat('pve-vmid-list', '', '9.2')).toBeUndefined();
    expect(checkFormat('pve-vmid-list', '100,99', '9.2')).toBe('value does not look like a valid VM ID\n');
  });

  it('know the privileges of their release', () => {
    expect(checkFormat('pve-priv', 'VM.Monitor', '8.4')).toBeUndefined();
    expect(checkFormat('pve-priv', 'VM.Monitor', '9.2')).toBe("invalid privilege 'VM.Monitor'\n");
  });

  it('have no words of their own for short ids on 8.4', () => {
    expect(checkFormat('pve-storage-id', 'x', '8.4')).toBe("storage ID 'x' contains illegal characters\n");
    expect(checkFormat('pve-storage-id', 'xy', '8.4')).toBeUndefined();
  });

  it('that no one stated are a mistake of ours', () => {
    expect(() => checkFormat('pve-nosuch', 'x', '9.2')).toThrow("undefined format 'pve-nosuch'");
  });
});
