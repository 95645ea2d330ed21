import { virtualMachines } from '#api/kinds.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import { expectDone, expectNoCallTwice, expectReady, expectThat, expectTimes, web1 } from './expectations.ts';
import type { FaultWorld } from './fault-world.ts';
import { Violation } from './invariants.ts';
import { isos } from './seed.ts';

/** What a machine's drives are to be: the name of the image that is in, and what is booted, in order. */
interface Wanted {
  iso?: keyof typeof isos;
  /** Absent: whatever Proxmox makes of it. */
  order?: string[];
}

/** Where the CD-ROM drive comes to be: beside that of cloud-init, which the template has. */
const drive = 'ide0';

/** Proxmox' keys of what a boot order names. */
const keys: Record<string, string> = { root: 'scsi0', cdrom: drive };

/** How long a guest boots at most, which does not hear yet that it is to shut down. */
const bootMs = 10_000;

/** The drive of cloud-init, as the clone has it. */
const cloudInitDrive = 'ide2';

/**
 * Images go into a machine's drive, are changed and taken out, and what it boots first changes with them. It runs on all
 * the time, but for the one restart that is asked for, and then goes.
 */
export async function liveWithDrives(world: FaultWorld, operators: number): Promise<void> {
  await world.create(web1.name);
  await expectReady(world, 'was made');
  world.counter.tellApart();
  const { [cloudInitDrive]: untouched } = configOf(world);
  await change(world, { cdrom: { iso: 'debian' } }, { iso: 'debian' });
  await change(world, { bootOrder: ['cdrom', 'root'] }, { iso: 'debian', order: ['cdrom', 'root'] });
  await world.pass(bootMs);
  await world.operate(web1.name, 'Restart');
  await expectDone(world, 'Restart');
  await expectReady(world, 'was restarted');
  await expectNothingPending(world);
  await change(world, { cdrom: { iso: 'rescue' } }, { iso: 'rescue', order: ['cdrom', 'root'] });
  await change(world, { cdrom: {}, bootOrder: ['root', 'cdrom'] }, { order: ['root', 'cdrom'] });
  if (configOf(world)[cloudInitDrive] !== untouched) throw new Violation('I16: the drive of cloud-init was changed');
  expectTimes(world, { qmclone: 1, qmstart: 2, qmreboot: 1, qmstop: 0, qmshutdown: 0 });
  await world.kubernetes.client().remove(virtualMachines, web1);
  await expectThat(world, () => world.machine(web1.name) === undefined, 'is gone');
  if (operators === 1) expectNoCallTwice(world, { qmclone: 1, qmstart: 2, qmreboot: 1, qmstop: 1, qmdestroy: 1 });
}

/** I16: what is asked for is read back from Proxmox, be it for the next restart. */
async function change(world: FaultWorld, spec: Partial<VirtualMachineSpec>, { iso, order }: Wanted): Promise<void> {
  world.kubernetes.edit<{ metadata: { name: string }; spec: VirtualMachineSpec }>(virtualMachines, web1, spec);
  await expectReady(world, `was changed to ${JSON.stringify(spec)}`);
  const { [drive]: medium, boot } = configOf(world);
  const wanted = `${iso ? isos[iso] : 'none'},media=cdrom`;
  // Proxmox notes the size of an image beside it.
  if (medium?.replace(/,size=\w+/, '') !== wanted) throw new Violation(`I16: ${drive} is ${medium}, not ${wanted}`);
  const booted = `order=${order?.map(name => keys[name]).join(';')}`;
  if (order && boot !== booted) throw new Violation(`I16: it boots ${boot}, not ${booted}`);
}

/** After its restart the machine has all that it was given, and nobody is told to restart it again. */
async function expectNothingPending(world: FaultWorld): Promise<void> {
  const { pending = {} } = inProxmox(world) ?? {};
  if (Object.keys(pending).length > 0) throw new Violation(`I16: after a restart ${Object.keys(pending)} wait for one`);
  const waits = () => world.machine(web1.name)?.status?.restartRequiredFor;
  await expectThat(world, () => waits() === undefined, 'knew that it was restarted');
}

const inProxmox = (world: FaultWorld) => world.simulator.state.vms[world.machine(web1.name)?.status?.vmid ?? 0]?.config;

/** What the machine has, or will have after a restart. */
const configOf = (world: FaultWorld): Record<string, string> => ({
  ...inProxmox(world)?.current,
  ...inProxmox(world)?.pending,
});
