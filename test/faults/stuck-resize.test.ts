import { expect, test } from 'vitest';
import { type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import { expectReady, web1 } from './expectations.ts';
import { FaultWorld } from './fault-world.ts';

const gib = 2 ** 30;

test('F55: a disk that grew behind the back of its configuration is asked to grow once, and then told of', async () => {
  const watch = { lagMs: 0, twice: 0, missing: 0 };
  const world = new FaultWorld({ plan: new Map(), durations: {}, random: () => 0.5, watch });
  await world.begin();
  await world.create(web1.name);
  await expectReady(world, 'was made');
  const { vmid = 0 } = world.machine(web1.name)?.status ?? {};
  const before = world.invariants.tasks('resize').length;

  // Proxmox is done at once with a disk that has the size already, and leaves the configuration as it is.
  const places = Object.values(world.simulator.state.storages).flatMap(storage => Object.values(storage.places));
  const volume = places.map(place => place.volumes[`${vmid}/vm-${vmid}-disk-0.qcow2`]).find(found => found);
  Object.assign(volume ?? {}, { size: 6 * gib });
  world.kubernetes.edit<VirtualMachine>(virtualMachines, web1, { disks: [{ name: 'root', size: '6Gi' }] });
  const stalled = () => world.machine(web1.name)?.status?.conditions?.find(({ type }) => type === 'Stalled');
  expect(await world.until(() => stalled() !== undefined, 60_000)).toBe(true);
  expect(stalled()).toMatchObject({
    reason: 'ResizeRejected',
    message: `The disk root has 4096 MiB by its configuration, and Proxmox has nothing to grow to 6144 MiB. Run on n1: qm disk rescan --vmid ${vmid}`,
  });
  await world.pass(120_000);
  expect(world.invariants.tasks('resize').length - before).toBe(1);

  const power = (powerState: 'Running' | 'Stopped') => {
    world.kubernetes.edit<VirtualMachine>(virtualMachines, web1, { powerState });
    return world.until(() => world.machine(web1.name)?.status?.powerState === powerState, 300_000);
  };
  expect(await power('Stopped')).toBe(true);
  expect(await power('Running')).toBe(true);
  expect(await world.until(() => stalled() !== undefined, 60_000)).toBe(true);
  await world.pass(120_000);
  // A start is a task that came in between: it is tried once more after each.
  expect(world.invariants.tasks('resize').length - before).toBeLessThanOrEqual(3);

  const config = world.simulator.state.vms[vmid]?.config.current ?? {};
  config.scsi0 = (config.scsi0 ?? '').replace('size=4G', 'size=6G');
  await expectReady(world, 'was put right', 700_000);
  expect(stalled()).toBeUndefined();
  world.end();
});
