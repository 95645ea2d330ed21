import { describe, expect, test } from 'vitest';
import type { VirtualMachine } from '#api/kinds.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import { queued } from '../decision.ts';
import type { Power } from '../machine.ts';
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

describe('F40: from each power state to each', () => {
  const status = { createdAt, lastStartedAt: createdAt };

  test.each<[wanted: VirtualMachineSpec['powerState'], is: Power, step: string | undefined]>([
    ['Running', 'Running', undefined],
    ['Running', 'Stopped', 'start'],
    ['Running', 'Suspended', 'start'],
    ['Running', 'Paused', 'resume'],
    ['Paused', 'Paused', undefined],
    ['Paused', 'Running', 'pause'],
    ['Paused', 'Stopped', 'start'],
    ['Paused', 'Suspended', 'start'],
    ['Stopped', 'Stopped', undefined],
    ['Stopped', 'Suspended', undefined],
    ['Stopped', 'Running', 'shutdown'],
    ['Stopped', 'Paused', 'resume'],
    ['Unmanaged', 'Running', undefined],
    ['Unmanaged', 'Stopped', undefined],
    ['Unmanaged', 'Paused', undefined],
  ])('%s, and it is %s: %s', (powerState, is, step) => {
    expect(decide({ powerState }, status, { power: is })?.action?.kind).toBe(step);
  });

  test('a machine that is to be stopped hard is not resumed for that', () => {
    const spec = { powerState: 'Stopped', shutdown: { mode: 'Hard' } } as const;
    expect(decide(spec, status, { power: 'Paused' })?.action?.kind).toBe('stop');
  });
});

describe('F42: a power state that somebody changed in Proxmox', () => {
  const synced = (change: object = {}) => ({
    createdAt,
    lastStartedAt: createdAt,
    conditions: [
      {
        type: 'PowerSynced',
        status: 'True',
        reason: 'InDesiredState',
        message: '',
        observedGeneration: 1,
        lastTransitionTime: createdAt,
        ...change,
      } as const,
    ],
  });
  const paused = { power: 'Paused' } as const;

  test('is put right, unless it is to be reported', () => {
    expect(decide({}, synced(), paused)?.action?.kind).toBe('resume');
    const reported = decide({ drift: 'Report' }, synced(), paused);
    expect(reported).toMatchObject({ finding: { reason: 'ExternalDrift' }, outcome: { kind: 'stalled' } });
    expect(reported?.action).toBeUndefined();
  });

  test('stays reported, and what was changed in the spec since is carried out', () => {
    const known = { status: 'False', reason: 'ExternalDrift' };
    expect(decide({ drift: 'Report' }, synced(known), paused)?.finding?.reason).toBe('ExternalDrift');
    expect(decide({ drift: 'Report' }, synced({ observedGeneration: 0 }), paused)?.action?.kind).toBe('resume');
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
