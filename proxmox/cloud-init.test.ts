import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatIpConfig, formatSshKeys, parseIpConfig, parseSshKeys } from './cloud-init.ts';
import { encodeForm } from './form.ts';

// The same cases in each run: whoever looks for another counterexample takes this line out.
fc.configureGlobal({ seed: 1 });

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDZc9tsbdDnp8asMgNLGiwvPQ7q9w1He+zAV68uLj5rw me@example.test';

describe('SSH keys', () => {
  test('are percent-encoded with no + and no blank, and once more in the form', () => {
    const value = formatSshKeys([key]);
    expect(value).toMatch(/^[-%a-zA-Z0-9_.!~*'()]+$/);
    expect(value).toContain('%20AAAA');
    expect(encodeForm({ sshkeys: value }, reason => new Error(reason))).toContain('%2520AAAA');
  });

  test('are read as Proxmox keeps them, with a line end at the end', () => {
    expect(parseSshKeys(`${formatSshKeys([key, 'ssh-rsa B'])}%0A`)).toEqual([key, 'ssh-rsa B']);
  });

  test('read back as they were written', () => {
    const line = fc
      .string({ unit: 'grapheme' })
      .map(text => text.trim())
      .filter(text => text !== '' && !text.includes('\n'));
    fc.assert(
      fc.property(fc.array(line), keys => {
        expect(parseSshKeys(formatSshKeys(keys))).toEqual(keys);
      }),
    );
  });
});

describe('addresses', () => {
  test.each([
    ['gw=10.0.0.1,ip=10.0.0.5/24', { ip: '10.0.0.5/24', gw: '10.0.0.1' }],
    ['ip=dhcp,ip6=auto', { ip: 'dhcp', ip6: 'auto' }],
  ])('%s', (text, config) => {
    expect(formatIpConfig(config)).toBe(text);
    expect(parseIpConfig(text)).toEqual(config);
  });

  test.each([{ gw: '10.0.0.1' }, { ip: 'dhcp', gw6: 'fe80::1' }, { ip: '10.0.0.5/24,gw=10.6.6.6' }])(
    'are not %j',
    config => {
      expect(() => formatIpConfig(config)).toThrow(RangeError);
    },
  );
});
