import { describe, expect, test } from 'vitest';
import type { Observed } from '../observed.ts';
import { plan } from '../plan.ts';
import { statusOf } from '../report.ts';
import { clonedConfig, cluster, clusterId, template, virtualMachine } from '../testing/fixtures.ts';
import { growthOf } from './ceiling.ts';

const use = (cpu: number, memoryMiB = 0) => ({ vms: 1, cpu, memoryMiB });

const made = { cluster: 'lab', vmid: 1000, node: 'n1', uuid: 'uuid-1', createdAt: '2026-01-01T00:00:00Z' };

/** A machine of two CPUs that runs with one, on a node whose machines ask for eight CPUs together. */
const observed = (change: Partial<Observed> = {}): Observed => {
  const vm = virtualMachine();
  return {
    now: 0,
    clusterId,
    vm: { ...vm, metadata: { ...vm.metadata, finalizers: ['berth.dev/proxmox'] }, status: made },
    clusters: [cluster({ nodes: [{ name: 'n1', maxCPU: 7 }] })],
    vmTemplate: template(),
    quota: { granted: true },
    task: { state: 'none' },
    inventory: { line: { node: 'n1', status: 'running' } },
    sweep: false,
    config: {
      found: true,
      node: 'n1',
      config: clonedConfig({ tags: ['berth'], protection: true, memoryMiB: 2048, disks: [rootDisk] }),
    },
    power: 'Running',
    useOfNode: () => ({ all: use(8), own: use(3) }),
    ...change,
  };
};

const rootDisk = { key: 'scsi0', volume: 'shared:vm-1000-disk-0', storage: 'shared', sizeMiB: 20 * 1024, root: true };

test('F105: a machine does not grow above the cap of its node, and says which', () => {
  const { action, finding, heldBy } = plan(observed());
  expect(action).toBeUndefined();
  expect(heldBy?.condition).toBe('ConfigSynced');
  expect(finding).toEqual({
    reason: 'NodeCapReached',
    message: 'spec.resources: on node n1 8 CPUs would be above the limit of 7.',
  });
});

test("F105: nor above its namespace's share", () => {
  const quota = { granted: true, shares: [{ node: 'n1', cpu: 2 }] } as const;
  const { finding } = plan(observed({ clusters: [cluster()], quota: { ...quota, shares: [...quota.shares] } }));
  expect(finding?.message).toContain('3 CPUs would be above the limit of 2 of the namespace (VmQuota perNode)');
});

test('F105: it grows where there is room, and what does not grow is changed in any case', () => {
  expect(plan(observed({ clusters: [cluster()] })).action).toMatchObject({ kind: 'configure', change: { cores: 2 } });
  const renamed = observed();
  renamed.vm.spec.hostname = 'other';
  expect(plan(renamed).action).toMatchObject({ kind: 'configure', change: { name: 'other' } });
  expect(plan(renamed).action).not.toHaveProperty('change.cores');
});

describe('F105: on a node with limits', () => {
  const roomy = { clusters: [cluster({ nodes: [{ name: 'n1', maxCPU: 9 }] })] };

  test('a growth is decided with the claims of the cluster, whatever the watch has told', () => {
    expect(plan(observed(roomy)).look).toBe('growth');
    expect(plan(observed({ ...roomy, growth: { granted: true } })).action).toMatchObject({ change: { cores: 2 } });
    expect(growthOf(observed(roomy))).toEqual({
      cpu: 2,
      memoryMiB: 2048,
      candidates: ['n1'],
      grows: { cpu: true, memory: false },
    });
  });

  test('what is refused there is said, and what does not grow is changed in any case', () => {
    const growth = { granted: false, reason: 'NodeCapReached', message: 'on node n1 there is no room.' } as const;
    expect(plan(observed({ ...roomy, growth })).finding).toEqual({ reason: 'NodeCapReached', message: growth.message });
    const renamed = observed({ ...roomy, growth });
    renamed.vm.spec.hostname = 'other';
    expect(plan(renamed).action).toMatchObject({ kind: 'configure', change: { name: 'other' } });
    expect(plan(renamed).action).not.toHaveProperty('change.cores');
  });

  test('a spec that is not that of now is waited for', () => {
    const growth = { granted: false, reason: 'Outdated', message: 'The spec was changed meanwhile.' } as const;
    const { action, finding, outcome } = plan(observed({ ...roomy, growth }));
    expect([action, finding]).toEqual([undefined, undefined]);
    expect(outcome).toMatchObject({ kind: 'again', afterMs: 1_000 });
  });

  test('one in the making asks for what it has come to be larger than what was claimed for it', () => {
    const making = (allocation: { cpu: number; memoryMiB: number }) => {
      const o = observed(roomy);
      o.vm.status = { ...o.vm.status, createdAt: undefined, allocation };
      return o;
    };
    expect(growthOf(making({ cpu: 2, memoryMiB: 2048 }))).toBeUndefined();
    expect(plan(making({ cpu: 2, memoryMiB: 2048 })).action).toMatchObject({ kind: 'configure', change: { cores: 2 } });
    expect(plan(making({ cpu: 1, memoryMiB: 2048 })).look).toBe('growth');
  });

  test('a machine that shrinks asks nobody', () => {
    const o = observed(roomy);
    o.vm.spec.resources = { cpu: 1, memory: '1Gi' };
    expect(plan(o).look).toBeUndefined();
  });
});

describe('F105: a machine that was shrunk', () => {
  /** It is ready, and has asked for two CPUs since it had four. */
  const shrunk = () => {
    const o = observed({ config: undefined, power: undefined });
    const holds = (type: string) => ({ type, status: 'True', reason: 'Synced', message: '' }) as const;
    const conditions = ['Ready', 'Provisioned'].map(type => ({ ...holds(type), lastTransitionTime: made.createdAt }));
    const allocation = { cpu: 4, memoryMiB: 2048 };
    o.vm.status = { ...o.vm.status, observedGeneration: 1, conditions, allocation };
    return o;
  };

  test('is looked at until it has given back what it had', () => {
    const o = shrunk();
    expect(plan(o).look).toBe('config');
    o.config = {
      found: true,
      node: 'n1',
      config: clonedConfig({ tags: ['berth'], protection: true, cores: 2, memoryMiB: 2048, disks: [rootDisk] }),
    };
    expect(plan(o).look).toBe('power');
    Object.assign(o, { power: 'Running', size: { cpu: 2, memoryMiB: 2048 } });
    expect(statusOf(o, plan(o), {})?.allocation).toEqual({ cpu: 2, memoryMiB: 2048 });
  });

  test('is left alone then', () => {
    const o = shrunk();
    o.vm.status = { ...o.vm.status, allocation: { cpu: 2, memoryMiB: 2048 } };
    expect(plan(o)).toMatchObject({ outcome: { kind: 'done' } });
    expect(plan(o).look).toBeUndefined();
  });
});

test('a machine that may not grow can be stopped', () => {
  const o = observed();
  o.vm.spec.powerState = 'Stopped';
  expect(plan(o).action).toMatchObject({ kind: 'shutdown' });
});
