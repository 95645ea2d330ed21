import { expect, test } from 'vitest';
import type { ProxmoxCluster, VmTemplate } from '#api/kinds.ts';
import { offered, offeredIn } from './catalogue.ts';

test('the catalogue has what may be used, and nothing of how Proxmox is reached', () => {
  const cluster: ProxmoxCluster = {
    metadata: { name: 'lab' },
    spec: {
      endpoints: ['https://secret-host:8006'],
      credentialsSecretRef: { name: 'secret-name', namespace: 'secret-place' },
      tls: { caBundle: 'secret-ca' },
      vmidRange: { start: 1000, end: 1999 },
      nodes: [{ name: 'pve1' }, { name: 'pve2', schedulable: 'Disabled' }],
      storages: [{ name: 'ceph', default: 'Enabled' }],
      bridges: [{ name: 'vmbr0', vlans: [{ from: 20, to: 29 }] }],
      tags: [{ name: 'web', color: '#2f9e44' }],
      isos: [{ name: 'debian-12', volume: 'secret-storage:iso/debian-12.iso' }],
      default: 'Enabled',
      maxConcurrentTasks: 8,
      maxClonesPerTemplate: 4,
      pollSeconds: 5,
      sweepSeconds: 600,
    },
    status: {
      nodes: [{ name: 'pve1', online: true }],
      isos: [{ volume: 'secret-storage:iso/debian-12.iso', sizeMiB: 670, nodes: ['pve1'] }],
    },
  };
  const catalogue = offered(cluster);
  expect(JSON.stringify(catalogue)).not.toContain('secret');
  expect(catalogue).toEqual({
    name: 'lab',
    default: true,
    bridges: [{ name: 'vmbr0', vlans: [{ from: 20, to: 29 }] }],
    storages: [{ name: 'ceph', default: true }],
    tags: [{ name: 'web', color: '#2f9e44' }],
    isos: [{ name: 'debian-12', sizeMiB: 670 }],
    nodes: [
      { name: 'pve1', schedulable: true, online: true },
      { name: 'pve2', schedulable: false },
    ],
  });
});

test('F93: of templates people see those that they may use, and not who else may', () => {
  const template = (name: string, allowedNamespaces?: string[]): VmTemplate => ({
    metadata: { name },
    spec: { sources: [], cloneMode: 'Full', ...(allowedNamespaces && { allowedNamespaces }) },
  });
  const all = [
    template('all'),
    template('ours', ['team-a', 'team-b']),
    template('theirs', ['team-b']),
    template('none', []),
  ];
  const seen = offeredIn(['team-a'], all).map(({ metadata, spec }) => [metadata.name, spec.allowedNamespaces]);
  expect(seen).toEqual([
    ['all', undefined],
    ['ours', ['team-a']],
  ]);
});
