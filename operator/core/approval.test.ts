import { expect, test } from 'vitest';
import { unapproved } from './approval.ts';
import { cluster, virtualMachine } from './testing/fixtures.ts';

const bridges = [
  {
    name: 'vmbr0',
    vlans: [
      { from: 20, to: 29 },
      { from: 40, to: 40 },
    ],
  },
];

test.each([
  [
    'a storage',
    { disks: [{ name: 'root', size: '1Gi', storage: 'secret' }] },
    'spec.disks[root].storage: "secret" is not approved; allowed: shared.',
  ],
  [
    'a bridge',
    { networks: [{ name: 'lan', bridge: 'vmbr9' }] },
    'spec.networks[lan].bridge: "vmbr9" is not approved; allowed: vmbr0.',
  ],
  [
    'a VLAN',
    { networks: [{ name: 'lan', bridge: 'vmbr0', vlan: 30 }] },
    'spec.networks[lan].vlan: 30 is not approved on vmbr0; allowed: 20–29, 40.',
  ],
  [
    'no VLAN where some are named',
    { networks: [{ name: 'lan', bridge: 'vmbr0' }] },
    'spec.networks[lan].vlan: no VLAN is not approved on vmbr0; allowed: 20–29, 40.',
  ],
  [
    'an ISO image to make the machine from',
    { source: { iso: { name: 'windows' } } },
    'spec.source.iso.name: "windows" is not approved; allowed: debian-12.',
  ],
  [
    'an ISO image in the drive',
    { cdrom: { iso: 'windows' } },
    'spec.cdrom.iso: "windows" is not approved; allowed: debian-12.',
  ],
  ['a tag', { tags: ['mine'] }, 'spec.tags: "mine" is not in the catalogue; allowed: web.'],
])('F26: %s that is not approved is refused with what is', (_what, spec, sentence) => {
  expect(unapproved(virtualMachine(spec).spec, cluster({ bridges }).spec)).toEqual([sentence]);
});

test('what is approved passes', () => {
  const { spec } = virtualMachine({ tags: ['web', 'berth'], networks: [{ name: 'lan', bridge: 'vmbr0', vlan: 25 }] });
  expect(unapproved(spec, cluster({ bridges }).spec)).toEqual([]);
});
