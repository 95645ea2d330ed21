import { describe, expect, test } from 'vitest';
import type { VirtualMachine } from '#api/kinds.ts';
import { inventoryAnswer } from '#proxmox/inventory.ts';
import { virtualMachine } from '../core/testing/fixtures.ts';
import { nodeCapacities } from './node-capacity.ts';

const gibibyte = 2 ** 30;

const inventory = (...lines: { vmid: number; node: string; maxcpu?: number }[]) =>
  inventoryAnswer.parse([
    ...['n1', 'n2'].map(node => ({ type: 'node', node, status: 'online', maxmem: 64 * gibibyte })),
    ...lines.map(line => ({ type: 'qemu', maxmem: gibibyte, ...line })),
  ]);

/** It asks for two CPUs. */
const machine = (status: VirtualMachine['status'] = {}): VirtualMachine => ({
  ...virtualMachine(),
  status: { node: 'n1', vmid: 1000, createdAt: '2026-01-01T00:00:00Z', ...status },
});

const cpus = (lines: ReturnType<typeof inventory>, vm: VirtualMachine) =>
  Object.fromEntries(nodeCapacities(lines, [vm], []).map(({ name, berth: { cpu } }) => [name, cpu]));

describe('F105: on its node counts', () => {
  test('a machine that was shrunk, with what it has until that is taken back', () => {
    const shrunk = machine({ allocation: { cpu: 8, memoryMiB: 4096 } });
    const [n1] = nodeCapacities(inventory({ vmid: 1000, node: 'n1', maxcpu: 2 }), [shrunk], []);
    expect(n1).toMatchObject({ berth: { vms: 1, cpu: 8, memoryMiB: 4096 } });
    expect(n1?.namespaces?.get('team-a')).toEqual({ vms: 1, cpu: 8, memoryMiB: 4096 });
  });

  test('one of which nothing is known yet, with what the inventory shows', () => {
    expect(cpus(inventory({ vmid: 1000, node: 'n1', maxcpu: 8 }), machine())).toEqual({ n1: 8, n2: 0 });
    expect(cpus(inventory(), machine())).toEqual({ n1: 2, n2: 0 });
  });

  test('one that is being deleted, until its resource is gone', () => {
    const vm = machine();
    const deleted = { ...vm, metadata: { ...vm.metadata, deletionTimestamp: '2026-01-02T00:00:00Z' } };
    expect(cpus(inventory({ vmid: 1000, node: 'n1' }), deleted)).toEqual({ n1: 2, n2: 0 });
    expect(cpus(inventory(), deleted)).toEqual({ n1: 2, n2: 0 });
  });

  test('one that somebody has migrated, on both nodes until it was looked at', () => {
    expect(cpus(inventory({ vmid: 1000, node: 'n2' }), machine())).toEqual({ n1: 2, n2: 2 });
    expect(cpus(inventory({ vmid: 1000, node: 'n2' }), machine({ node: 'n2' }))).toEqual({ n1: 0, n2: 2 });
  });

  test('one that is being cloned, not beside its template, where Proxmox has it until then', () => {
    const making = machine({ createdAt: undefined });
    expect(cpus(inventory({ vmid: 1000, node: 'n2' }), making)).toEqual({ n1: 2, n2: 0 });
  });
});
