import type { VirtualMachine, VmSnapshot } from '#api/kinds.ts';
import { finalizer } from '../steps/reserve.ts';
import { clonedConfig, virtualMachine } from './fixtures.ts';
import { pass, type World } from './world.ts';

const createdAt = '2026-01-01T00:00:00Z';

/** Name in Proxmox of the snapshot that {@link snapshot} makes. */
export const nameInProxmox = 'berth-5a3c7d6e00000000000000000000beef';

/** A VmSnapshot of the machine of the fixtures, which the operator has seen. */
export function snapshot(spec: Partial<VmSnapshot['spec']> = {}, change: Partial<VmSnapshot> = {}): VmSnapshot {
  const owner = { apiVersion: 'berth.dev/v1alpha1', kind: 'VirtualMachine', name: 'web-1', uid: 'u-1' };
  return {
    metadata: {
      name: 'before',
      namespace: 'team-a',
      uid: '5a3c7d6e-0000-0000-0000-00000000beef',
      generation: 1,
      creationTimestamp: createdAt,
      finalizers: [finalizer],
      ownerReferences: [owner],
    },
    spec: { vmName: 'web-1', memory: 'Exclude', ...spec },
    ...change,
  };
}

/** A world with the machine as desired, in Proxmox and in its status. */
export function madeWorld(change: Partial<World>, spec: Partial<VirtualMachine['spec']> = {}): World {
  const bare = virtualMachine(spec);
  const vm = { ...bare, metadata: { ...bare.metadata, finalizers: [finalizer] } };
  const conditions = ['Provisioned', 'ConfigSynced', 'PowerSynced'].map(type => ({
    type,
    status: 'True' as const,
    reason: 'Cloned',
    message: '',
    observedGeneration: 1,
    lastTransitionTime: createdAt,
  }));
  const wanted = { cores: 2, memoryMiB: 2048, tags: ['berth', 'golden'], protection: true };
  const disks = clonedConfig().disks.map(disk => ({ ...disk, sizeMiB: 20 * 1024 }));
  const config = clonedConfig({ ...wanted, disks });
  return {
    now: Date.parse(createdAt) + 60_000,
    vm: { ...vm, status: { vmid: 1000, node: 'n1', uuid: 'uuid-1', createdAt, conditions } },
    machine: { node: 'n1', config, power: 'Running' },
    templateUsable: true,
    clusterExists: true,
    quorate: true,
    ...change,
  };
}

/** A pass a second later, and what it did; `task` is what became of the open task. */
export function step(world: World, task: Parameters<typeof pass>[2] = { state: 'none' }): string | undefined {
  world.now += 1_000;
  return pass(world, world.vm as VirtualMachine, task).decision.action?.kind;
}

/** What a resource says of itself, in one word. */
export const readyReason = (
  resource: { status?: { conditions?: { type: string; reason: string }[] | undefined } } | undefined,
): string | undefined => resource?.status?.conditions?.find(({ type }) => type === 'Ready')?.reason;
