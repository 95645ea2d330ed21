import { afterAll, beforeAll, expect, test } from 'vitest';
import { isReady } from '#cli/demo/machines.ts';
import { startAsRoot } from '#simulator/vm/start.ts';
import { conditionOf, type MachineLab, machineLab } from './machine-lab.ts';

let lab: MachineLab;

beforeAll(async () => {
  lab = await machineLab();
});

afterAll(() => lab.close());

/** Makes machines, and answers them when all are ready. */
async function machines(specs: Record<string, Parameters<MachineLab['create']>[1]>) {
  const names = Object.keys(specs);
  await Promise.all(names.map(name => lab.create(name, specs[name])));
  return Promise.all(names.map(name => lab.ready(name)));
}

test('F40, F42: a power state that is changed in Proxmox is put right, reported, or left, as the spec says', async () => {
  const [corrected, reported, free] = await machines({
    corrected: {},
    reported: { drift: 'Report' },
    free: { powerState: 'Unmanaged' },
  });
  if (!corrected || !reported || !free) throw new Error('a machine is missing');
  expect(free.status?.powerState).toBe('Stopped');
  expect(conditionOf(free, 'PowerSynced')).toMatchObject({ status: 'True', reason: 'Unmanaged' });
  for (const vm of [corrected, reported]) (lab.inProxmox(vm).run ?? { status: '' }).status = 'paused';
  startAsRoot(lab.proxmox.simulator.world, lab.inProxmox(free));
  await Promise.all([
    lab.until('corrected', vm => vm.status?.lastTask?.type === 'qmresume' && isReady(vm)),
    lab.until('reported', vm => conditionOf(vm, 'PowerSynced')?.reason === 'ExternalDrift'),
    lab.until('free', vm => vm.status?.powerState === 'Running' && isReady(vm)),
  ]);
  expect(lab.inProxmox(corrected).run?.status).toBe('running');
  expect(lab.inProxmox(reported).run?.status).toBe('paused');
  expect(conditionOf(await lab.read('reported'), 'Ready')).toMatchObject({
    status: 'False',
    message: 'The machine is Paused in Proxmox and should be Running; with drift: Report it is left so.',
  });
  expect(await lab.kubectl('describe', 'virtualmachine', '-n', lab.namespace, 'corrected')).toContain('DriftDetected');
  await lab.change('reported', { drift: 'Correct' });
  await lab.ready('reported');
  expect(lab.inProxmox(reported).run?.status).toBe('running');
});
