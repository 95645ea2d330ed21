import { expect, test } from 'vitest';
import { addressesOf, networkFacts } from './addresses.ts';
import { machineWith } from './testing/machine.ts';

const machine = machineWith({
  status: {
    addresses: [
      { address: '192.0.2.10', type: 'IPv4', network: 'lan', interface: 'eth0', mac: 'BC:24:11:00:00:01' },
      { address: '198.51.100.7', type: 'IPv4', network: 'storage', interface: 'eth1' },
    ],
  },
});

test('F50 F61: addresses are those that the guest agent tells', () => {
  expect(addressesOf(machine)).toEqual(['192.0.2.10', '198.51.100.7']);
  expect(addressesOf(machineWith())).toEqual([]);
});

test('F50: each network has its own addresses and its card', () => {
  expect(networkFacts(machine, 'lan')).toEqual(['192.0.2.10', 'BC:24:11:00:00:01']);
  expect(networkFacts(machine, 'storage')).toEqual(['198.51.100.7']);
  expect(networkFacts(machine, 'other')).toEqual([]);
});
