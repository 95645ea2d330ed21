import { died } from '../engine/errors.ts';
import type { Call, World } from '../engine/world.ts';
import type { Section, VmState } from '../state/types.ts';
import { digestOf, vmOn } from './config.ts';
import { type Drive, drivesOf, isCdrom } from './drives.ts';

/** What a snapshot does not copy. */
export const NOT_COPIED = new Set([
  'snapstate',
  'parent',
  'lock',
  'vmstate',
  'runningmachine',
  'runningcpu',
  'snaptime',
]);

/** How much of a fresh delta a snapshot takes. */
export const DELTA_BYTES = 1_048_576;

/** The disks of a section that snapshots are taken of. */
export function disksOf(world: World, section: Section): Drive[] {
  return drivesOf(world.release, section).filter(drive => !isCdrom(drive));
}

/** GET snapshot: all of them and `current`, which names its parent. */
export function listSnapshots({ world, node, params }: Call): unknown[] {
  const vm = vmOn(world, node, Number(params.vmid));
  return [
    ...Object.entries(vm.config.snapshots).map(([name, section]) => snapshotLine(name, section)),
    currentLine(vm),
  ];
}

function snapshotLine(name: string, section: Section): Record<string, unknown> {
  const { snaptime = '0', vmstate, description = '', parent, snapstate } = section;
  return {
    name,
    snaptime: Number(snaptime),
    vmstate: vmstate === undefined ? 0 : 1,
    description,
    ...(parent === undefined ? {} : { parent }),
    ...(snapstate === undefined ? {} : { snapstate }),
  };
}

function currentLine(vm: VmState): Record<string, unknown> {
  const { parent } = vm.config.current;
  const running = vm.run === undefined ? 0 : 1;
  const line = { name: 'current', digest: digestOf(vm.config), running, description: 'You are here!' };
  return parent === undefined ? line : { ...line, parent };
}

/** The section of a snapshot; throws if there is none. */
export function snapshotSection(vm: VmState, name: string): Section {
  const section = vm.config.snapshots[name];
  if (section === undefined) throw died(`snapshot '${name}' does not exist`);
  return section;
}
