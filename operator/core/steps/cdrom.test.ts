import { expect, test } from 'vitest';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import type { Observed } from '../observed.ts';
import { clonedConfig, cluster, clusterId, virtualMachine } from '../testing/fixtures.ts';
import { holdCdrom } from './cdrom.ts';
import { configure } from './configure.ts';

const time = '2026-01-01T00:00:00Z';

/** A machine that is there, and was as desired for some generation of its spec. */
function observed(spec: Partial<VirtualMachineSpec>, observedGeneration: number): Observed {
  const told = {
    type: 'ConfigSynced',
    status: 'True',
    reason: 'UpToDate',
    message: '',
    lastTransitionTime: time,
  } as const;
  const vm = {
    ...virtualMachine(spec),
    status: { vmid: 1000, node: 'n1', conditions: [{ ...told, observedGeneration }] },
  };
  return { now: 0, clusterId, vm, clusters: [cluster()], task: { state: 'none' }, sweep: false };
}

test('F26: an image that is asked for and not approved is told of, with what is', () => {
  expect(holdCdrom(observed({ cdrom: { iso: 'windows' } }, 0))).toMatchObject({
    finding: { reason: 'InvalidSpec', message: 'spec.cdrom.iso: "windows" is not approved; allowed: debian-12.' },
  });
  expect(holdCdrom(observed({ cdrom: { iso: 'debian-12' } }, 0))).toBeUndefined();
});

test('F26: nor is one loaded that is approved, and not allowed in the namespace', () => {
  const o = observed({ cdrom: { iso: 'debian-12' } }, 0);
  expect(holdCdrom({ ...o, quota: { granted: true, isos: ['drivers'] } })).toMatchObject({
    finding: { message: 'spec.cdrom.iso: "debian-12" is not allowed in this namespace; allowed: none.' },
  });
  expect(holdCdrom({ ...o, quota: { granted: true, isos: ['debian-12'] } })).toBeUndefined();
  const config = clonedConfig({ cdroms: [{ key: 'ide2', volume: 'none', cloudInit: false }] });
  const loads = (isos: string[]) => {
    const seen = {
      ...o,
      quota: { granted: true, isos } as const,
      config: { found: true, node: 'n1', config } as const,
    };
    const action = configure(seen)?.action;
    return action?.kind === 'configure' && action.change.cdrom !== undefined;
  };
  expect([loads(['drivers']), loads(['debian-12'])]).toEqual([false, true]);
});

test('F129: an image that was taken out of the catalogue does nothing to machines that have it', () => {
  expect(holdCdrom(observed({ cdrom: { iso: 'windows' } }, 1))).toBeUndefined();
  expect(holdCdrom(observed({ source: { iso: { name: 'windows' } } }, 0))).toBeUndefined();
});
