import { type VmSnapshot, virtualMachines, vmSnapshots } from '#api/kinds.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import { expectReady, expectSuccess, expectThat, expectTimes, web1 } from './expectations.ts';
import type { FaultWorld } from './fault-world.ts';
import { Violation } from './invariants.ts';

/**
 * Snapshots that people have taken in Proxmox: none of our business. Two are called what one could call ours after its
 * resource.
 */
const byHand = ['berth-first', 'by-hand', 'first'];

/** Takes a snapshot, changes the machine, goes back, removes the snapshot, and lets another one go with the machine. */
export async function liveWithSnapshots(world: FaultWorld, operators: number): Promise<void> {
  await world.create(web1.name);
  await expectReady(world, 'was made');
  takeByHand(world);
  world.counter.tellApart();
  await take(world, 'first');
  edit(world, { resources: { cpu: 4, memory: '1Gi' }, disks: [{ name: 'root', size: '6Gi' }] });
  await expectReady(world, 'was changed');
  await rollBack(world, operators);
  // What a rollback has changed is not somebody else's doing, which would be reported and left now.
  edit(world, { drift: 'Report' });
  await expectReady(world, 'knows that drift is only reported');
  await rollBack(world, operators);
  expectTimes(world, { qmrollback: 2, qmsnapshot: 1 });
  await world.kubernetes.client().remove(vmSnapshots, { namespace: web1.namespace, name: 'first' });
  await expectThat(world, () => snapshotOf(world, 'first') === undefined, 'was rid of its first snapshot');
  const present = Object.keys(inProxmox(world)?.config.snapshots ?? {}).sort();
  if (present.join() !== byHand.join()) throw new Violation(`I15: Proxmox has the snapshots ${present}`);
  await take(world, 'second');
  await world.kubernetes.client().remove(virtualMachines, web1);
  // What the garbage collector of Kubernetes does, be it early.
  await world.kubernetes.client().remove(vmSnapshots, { namespace: web1.namespace, name: 'second' });
  const isGone = () => world.machine(web1.name) === undefined && snapshotOf(world, 'second') === undefined;
  await expectThat(world, isGone, 'is gone with its snapshot');
  await expectThat(world, () => world.invariants.leaks().length === 0, 'left Proxmox and the ledger clean');
}

/** What a person does who wants a snapshot. */
export const askForSnapshot = (
  world: FaultWorld,
  name: string,
  spec: Partial<VmSnapshot['spec']> = {},
): Promise<VmSnapshot> =>
  world.kubernetes.client().create<VmSnapshot>(vmSnapshots, {
    metadata: { name, namespace: web1.namespace },
    spec: { vmName: web1.name, memory: 'Exclude', ...spec },
  });

/** A snapshot as it stands. */
export const snapshotOf = (world: FaultWorld, name: string): VmSnapshot | undefined =>
  world.kubernetes.peek<VmSnapshot>(vmSnapshots, { namespace: web1.namespace, name });

async function take(world: FaultWorld, name: string): Promise<void> {
  await askForSnapshot(world, name, { memory: name === 'second' ? 'Include' : 'Exclude' });
  await expectThat(world, () => snapshotOf(world, name)?.status?.createdAt !== undefined, `got its ${name} snapshot`);
}

/** Goes back to the first snapshot; what came back with it is put right, and the machine is still this resource's. */
async function rollBack(world: FaultWorld, operators: number): Promise<void> {
  await world.operate(web1.name, 'Rollback', { rollback: { snapshotName: 'first' } });
  await expectSuccess(world, 'Rollback');
  await expectReady(world, 'was put right after its rollback');
  // One of two may still take for true what it has read before the other one's rollback.
  if (operators > 1) await expectThat(world, () => misconfigured(world) === undefined, 'was as its resource says');
  const wrong = misconfigured(world);
  if (wrong) throw new Violation(`I15: after the rollback it is ${wrong}`);
  await expectThat(world, () => world.operations().length === 0, 'was rid of its Rollback');
}

const edit = (world: FaultWorld, change: Partial<VirtualMachineSpec>): void =>
  world.kubernetes.edit<{ metadata: { name: string }; spec: VirtualMachineSpec }>(virtualMachines, web1, change);

const inProxmox = (world: FaultWorld) => world.simulator.state.vms[world.machine(web1.name)?.status?.vmid ?? 0];

function takeByHand(world: FaultWorld): void {
  const { vmid = 0, config } = inProxmox(world) ?? {};
  const places = Object.values(world.simulator.state.storages).flatMap(storage => Object.values(storage.places));
  const volumes = places.flatMap(place => Object.values(place.volumes)).filter(volume => volume.vmid === vmid);
  for (const name of byHand) {
    if (config) config.snapshots[name] = { ...config.current, snaptime: '1' };
    for (const volume of volumes) volume.snapshots[name] = volume.size;
  }
  world.invariants.addByHand(vmid, byHand);
}

function misconfigured(world: FaultWorld): string | undefined {
  const { config, run } = inProxmox(world) ?? {};
  const { cores, protection, description = '' } = { ...config?.current, ...config?.pending };
  const uid = world.machine(web1.name)?.metadata.uid ?? '?';
  const is = {
    cores: Number(cores),
    protection: Number(protection),
    marked: description.includes(`uid=${uid}`),
    power: run?.status,
  };
  return is.cores === 4 && is.protection === 1 && is.marked && is.power === 'running' ? undefined : JSON.stringify(is);
}
