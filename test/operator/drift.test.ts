import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VirtualMachine } from '#api/kinds.ts';
import { isReady } from '#cli/demo/machines.ts';
import { startAsRoot } from '#simulator/vm/start.ts';
import { eventually } from '../eventually.ts';
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

/** Waits until an event of a machine says so: events are written beside everything else. */
const toldOf = (name: string, what: string) =>
  eventually(async () =>
    expect(await lab.kubectl('describe', 'virtualmachine', '-n', lab.namespace, name)).toContain(what),
  );

// On machines of their own, and most of the time they wait for the inventory: they do so together.
test.concurrent('F40, F42: a power state that is changed in Proxmox is put right, reported, or left, as the spec says', async () => {
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
  await toldOf('corrected', 'DriftDetected');
  await lab.change('reported', { drift: 'Correct' });
  await lab.ready('reported');
  expect(lab.inProxmox(reported).run?.status).toBe('running');
});

test.concurrent('F42, F55, F67, F119: what else is changed in Proxmox is put right, told, followed or made anew', async () => {
  const names = ['renamed', 'left', 'moved', 'removed', 'remade', 'detached'] as const;
  const [renamed, left, moved, removed, remade, detached] = await machines({
    renamed: { tags: ['web'], description: 'Shop' },
    left: { drift: 'Report' },
    moved: {},
    removed: {},
    remade: { onMissing: 'Recreate' },
    detached: {
      disks: [
        { name: 'root', size: '2Gi' },
        { name: 'data', size: '1Gi' },
      ],
    },
  });
  if (!renamed || !left || !moved || !removed || !remade || !detached) throw new Error(`one of ${names} is missing`);
  Object.assign(lab.inProxmox(renamed).config.current, { name: 'other', tags: 'mine', description: 'gone' });
  lab.inProxmox(left).config.current.tags = 'berth;mine';
  lab.inProxmox(left).config.current.name = 'other';
  const node = moved.status?.node === 'pve2' ? 'pve3' : 'pve2';
  lab.inProxmox(moved).node = node;
  const disk = Object.keys(lab.inProxmox(detached).config.current).find(key => /^scsi[1-9]/.test(key)) ?? '';
  delete lab.inProxmox(detached).config.current[disk];
  lab.inProxmox(detached).config.current.name = 'odd';
  const before = lab.inProxmox(remade).config.current.smbios1;
  for (const { status } of [removed, remade]) destroyByHand(status?.vmid ?? 0);
  const drifted = (vm: VirtualMachine) => conditionOf(vm, 'ConfigSynced')?.reason === 'ExternalDrift';
  await Promise.all([
    lab.until('renamed', vm => lab.inProxmox(vm).config.current.name === 'renamed' && isReady(vm)),
    lab.until('left', drifted),
    lab.until('moved', vm => vm.status?.node === node && isReady(vm)),
    lab.until('removed', vm => conditionOf(vm, 'Missing')?.status === 'True'),
    lab.until('remade', vm => vm.status?.createdAt !== remade.status?.createdAt && isReady(vm)),
    lab.until('detached', drifted),
  ]);
  const { description, tags } = lab.inProxmox(renamed).config.current;
  expect(tags).toBe('berth;web');
  expect(description).toMatch(/^Shop\n\nberth: .*uid=/);
  expect(lab.inProxmox(left).config.current.name).toBe('other');
  await toldOf('renamed', 'Changed in Proxmox, and put right: hostname, description, tags.');
  expect(conditionOf(await lab.read('left'), 'Ready')?.message).toContain('hostname');
  expect(conditionOf(await lab.read('detached'), 'Ready')?.message).toContain('no disk data any more');
  const again = await lab.read('remade');
  expect(again.status?.vmid).toBe(remade.status?.vmid);
  expect(lab.inProxmox(again).config.current.smbios1).not.toBe(before);
});

test.concurrent('F55: what cannot be changed while the machine runs waits for a restart, which nobody forces', async () => {
  await lab.create('grown', { shutdown: { timeoutSeconds: 2 } });
  const vm = await lab.booted('grown');
  await lab.change('grown', { resources: { cpu: 2, memory: '1Gi' } });
  const waiting = await lab.ready('grown');
  expect(waiting.status?.restartRequiredFor).toEqual(['resources.cpu', 'resources.memory']);
  expect(conditionOf(waiting, 'ConfigSynced')).toMatchObject({ status: 'False', reason: 'RestartRequired' });
  expect(lab.inProxmox(vm).config.current).toMatchObject({ memory: '512' });
  await lab.operate('apply', 'grown');
  const grown = await lab.until(
    'grown',
    found => conditionOf(found, 'ConfigSynced')?.status === 'True' && isReady(found),
  );
  expect(grown.status?.restartRequiredFor).toBeUndefined();
  expect(lab.inProxmox(vm).config.current).toMatchObject({ cores: '2', memory: '1024' });
});

test.concurrent('F118: a machine that was there before is adopted as it is, and let go as it is', async () => {
  const { vms } = lab.proxmox.simulator.state;
  const { run, config } = vms[100] ?? {};
  const spec = {
    source: { adopt: { vmid: 100 } },
    resources: { cpu: 2, memory: '4Gi' },
    disks: [{ name: 'root', size: '32Gi' }],
    hostname: 'not-berths',
    deletionPolicy: 'Retain',
  } as const;
  await lab.create('adopted', { ...spec, disks: [...spec.disks] });
  const vm = await lab.ready('adopted');
  expect(vm.status).toMatchObject({ vmid: 100, powerState: 'Running' });
  expect(config?.current).toMatchObject({ tags: 'berth', protection: '1' });
  await lab.create('again', { ...spec, disks: [...spec.disks] });
  const second = await lab.until('again', found => conditionOf(found, 'Stalled')?.reason === 'VMIDConflict');
  expect(second.status?.vmid).toBeUndefined();
  await lab.kubectl('-n', lab.namespace, 'delete', 'virtualmachine', 'adopted', 'again', '--timeout=240s');
  expect(vms[100]?.run).toBe(run);
  expect(vms[100]?.config.current).toMatchObject({ name: 'not-berths', memory: '4096' });
  expect(vms[100]?.config.current.description ?? '').toBe('');
});

test('F118: a machine whose resource was lost is found again by its name, and is adopted', async () => {
  // One that has been there for a while: Proxmox' daemons take their time to tell each other of names.
  const name = 'corrected';
  const lost = await lab.ready(name);
  const vmid = lost.status?.vmid ?? 0;
  const remove = () => lab.kubectl('-n', lab.namespace, 'delete', 'virtualmachine', name, '--timeout=240s');
  const noFinalizer = '{"metadata":{"finalizers":null}}';
  await lab.kubectl('-n', lab.namespace, 'patch', 'virtualmachine', name, '--type=merge', '-p', noFinalizer);
  await remove();
  await lab.create(name);
  const found = await lab.until(name, vm => conditionOf(vm, 'Stalled')?.reason === 'OrphanExists');
  expect(conditionOf(found, 'Stalled')?.message).toContain(`source.adopt.vmid: ${vmid}`);
  await remove();
  await lab.create(name, { source: { adopt: { vmid } }, deletionPolicy: 'Retain' });
  const vm = await lab.ready(name);
  expect({ vmid: vm.status?.vmid, uuid: vm.status?.uuid }).toEqual({ vmid, uuid: lost.status?.uuid });
  await lab.change(name, { deletionPolicy: 'Delete' });
  await remove();
  expect(lab.proxmox.simulator.state.vms[vmid]).toBeUndefined();
});

/** As `qm destroy` does it. */
function destroyByHand(vmid: number): void {
  const { vms, storages } = lab.proxmox.simulator.state;
  delete vms[vmid];
  for (const { volumes } of Object.values(storages).flatMap(({ places }) => Object.values(places))) {
    for (const [name, volume] of Object.entries(volumes)) if (volume.vmid === vmid) delete volumes[name];
  }
}
