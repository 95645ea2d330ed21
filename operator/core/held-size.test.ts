import { describe, expect, test } from 'vitest';
import type { VirtualMachineStatus } from '#api/virtual-machine-status.ts';
import { chargedSize, heldSize, holdsMore } from './held-size.ts';
import type { Observed } from './observed.ts';
import { clonedConfig, virtualMachine } from './testing/fixtures.ts';

const createdAt = '2026-01-01T00:00:00Z';

/** It asks for two CPUs. */
const machine = (status: VirtualMachineStatus = {}) => ({ ...virtualMachine(), status });

const large = { cpu: 8, memoryMiB: 8192 };
const small = { cpu: 2, memoryMiB: 2048 };

describe('F105: a node is charged with', () => {
  test('what a machine asks for, or was granted or seen to have, whichever is more', () => {
    expect(chargedSize(machine())).toEqual(small);
    expect(chargedSize(machine({ allocation: large }))).toEqual(large);
    expect(chargedSize(machine({ allocation: { cpu: 8, memoryMiB: 512 } }))).toEqual({ cpu: 8, memoryMiB: 2048 });
  });

  test('what the inventory shows, only of a machine that nothing is known of yet', () => {
    expect(chargedSize(machine(), { cpu: 4 })).toEqual({ cpu: 4, memoryMiB: 2048 });
    expect(chargedSize(machine({ allocation: small }), large)).toEqual(small);
  });

  test('more than is asked for as long as that is not taken back', () => {
    expect(holdsMore(machine({ allocation: large }))).toBe(true);
    expect(holdsMore(machine({ allocation: small }))).toBe(false);
    expect(holdsMore(machine())).toBe(false);
  });
});

describe('F105: what a machine has', () => {
  const observed = (status: VirtualMachineStatus, seen: Partial<Observed> = {}) =>
    ({ vm: machine(status), ...seen }) as Observed;
  const config = {
    found: true,
    node: 'n1',
    config: clonedConfig({ cores: 2, sockets: 1, memoryMiB: 2048 }),
  } as const;

  test('is more than its configuration says until it was restarted', () => {
    const before = { createdAt, allocation: large };
    expect(heldSize(observed(before, { config, size: large }))).toEqual(large);
    expect(heldSize(observed(before, { config, size: small }))).toEqual(small);
  });

  test('is what it will have from its next start on', () => {
    const grown = { ...config, config: { ...config.config, cores: 4 } };
    expect(heldSize(observed({ createdAt, allocation: small }, { config: grown, size: small }))).toEqual({
      cpu: 4,
      memoryMiB: 2048,
    });
  });

  test('is not less than before where not both were seen', () => {
    const before = { createdAt, allocation: large };
    expect(heldSize(observed(before, { config }))).toEqual(large);
    expect(heldSize(observed(before, { size: small }))).toEqual(large);
    expect(heldSize(observed(before, { config: { found: false } }))).toEqual(large);
  });

  test('is not less than was claimed for it before it is complete', () => {
    expect(heldSize(observed({ allocation: large }, { config, size: small }))).toEqual(large);
  });
});
