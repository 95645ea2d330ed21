import { beforeAll, describe, expect, test } from 'vitest';
import { type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import { isConflict } from '#kube/errors.ts';
import { virtualMachine } from '#operator/core/testing/fixtures.ts';
import { writeStatus } from '#operator/effects/status-writer.ts';
import { freshNamespace } from '../control-plane/shared.ts';
import { type Installed, installed } from './installed.ts';

let world: Installed;
let namespace: string;

beforeAll(async () => {
  world = await installed();
  namespace = await freshNamespace(world.controlPlane, 'status');
});

async function created(name: string): Promise<VirtualMachine> {
  return world.kube.create<VirtualMachine>(virtualMachines, {
    metadata: { name, namespace },
    spec: virtualMachine().spec,
  });
}

const read = (name: string) => world.kube.get<VirtualMachine>(virtualMachines, { namespace, name });

describe('a status is written by compare-and-swap', () => {
  test('and what is left out the next time is gone', async () => {
    const vm = await created('plain');
    const task = { upid: 'UPID:x', type: 'qmclone', node: 'n1', startedAt: '2026-01-01T00:00:00Z' };
    const first = await writeStatus(world.kube, vm, { observedGeneration: 1, vmid: 1000, task });
    await writeStatus(world.kube, first, { observedGeneration: 1, vmid: 1000 });
    expect((await read('plain')).status).toEqual({ observedGeneration: 1, vmid: 1000 });
  });

  test("a person's edit of the spec meanwhile is no obstacle, and stays", async () => {
    const vm = await created('edited');
    await world.kube.patch(virtualMachines, vm.metadata, { spec: { powerState: 'Stopped' } });
    await writeStatus(world.kube, vm, { observedGeneration: 1, vmid: 1001 });
    const after = await read('edited');
    expect([after.spec.powerState, after.status?.vmid]).toEqual(['Stopped', 1001]);
  });

  test("F154: another operator's status is never overwritten", async () => {
    const vm = await created('contested');
    await writeStatus(world.kube, vm, { observedGeneration: 1, vmid: 1002 });
    const late = writeStatus(world.kube, vm, { observedGeneration: 1, vmid: 1003 });
    await expect(late).rejects.toSatisfy(isConflict);
    expect((await read('contested')).status?.vmid).toBe(1002);
  });

  test('a VMID cannot be removed', async () => {
    const vm = await writeStatus(world.kube, await created('kept'), { observedGeneration: 1, vmid: 1004 });
    await expect(writeStatus(world.kube, vm, { observedGeneration: 1 })).rejects.toThrow(/vmid cannot be removed/);
  });
});
