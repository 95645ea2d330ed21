import { describe, expect, test } from 'vitest';
import type { VirtualMachine } from '#api/kinds.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import { queued } from '../decision.ts';
import type { Observed } from '../observed.ts';
import { clonedConfig, cluster, clusterId, virtualMachine } from '../testing/fixtures.ts';
import { power } from './power.ts';

const createdAt = '2026-01-01T00:00:00Z';

function decide(spec: Partial<VirtualMachineSpec>, status: VirtualMachine['status'], change: Partial<Observed> = {}) {
  const vm = { ...virtualMachine(spec), status: { vmid: 1000, node: 'n1', ...status } };
  const config = { found: true, node: 'n1', config: clonedConfig() } as const;
  return power({
    now: 0,
    clusterId,
    vm,
    clusters: [cluster()],
    task: { state: 'none' },
    sweep: false,
    config,
    ...change,
  });
}

const waiting = [
  { type: 'PowerSynced', status: 'False', reason: queued, message: '', lastTransitionTime: createdAt } as const,
];

describe('a machine that was never started', () => {
  test('is started without a look, also when it has waited in line for that', () => {
    expect(decide({}, {})?.action?.kind).toBe('start');
    expect(decide({}, { createdAt, conditions: waiting })?.action?.kind).toBe('start');
  });

  test('is looked at before it is taken to be off, once it is complete', () => {
    expect(decide({}, { createdAt })?.look).toBe('power');
    expect(decide({ powerState: 'Stopped' }, { createdAt, conditions: waiting })?.look).toBe('power');
  });
});

describe('a sweep', () => {
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'Synced',
    message: '',
    observedGeneration: 1,
    lastTransitionTime: createdAt,
  } as const;
  const status = { createdAt, lastStartedAt: createdAt, observedGeneration: 1, conditions: [ready] };
  const inventory = (power: string) => ({ sweep: true, inventory: { line: { node: 'n1', status: power } } });

  test('does not read the power of a settled machine that the inventory shows as desired', () => {
    expect(decide({}, status, inventory('running'))).toBeUndefined();
  });

  test('reads it where the inventory shows another one, or the machine is not settled', () => {
    expect(decide({}, status, inventory('stopped'))?.look).toBe('power');
    expect(decide({}, { ...status, observedGeneration: 0 }, inventory('running'))?.look).toBe('power');
  });
});
