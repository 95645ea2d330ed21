import { demandWritable } from '../engine/cluster-files.ts';
import { died } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import { type Call, text, type World } from '../engine/world.ts';
import type { VmState } from '../state/types.ts';
import { findVolume, makeBase } from '../storage/volumes.ts';
import { checkLock, isTemplate, vmOn } from './config.ts';
import { work } from './disks.ts';
import { drivesOf, isCdrom, printDrive } from './drives.ts';
import { underLock } from './lock.ts';

/** POST template: turns a VM that is off and has no snapshots into a template. */
export function convertToTemplate(call: Call): string {
  const { world, params, node, who } = call;
  const vmid = Number(params.vmid);
  const disk = text(params, 'disk');
  checkConvertible(world, node, vmid, disk);
  return world.tasks.fork({ node, type: 'qmtemplate', id: String(vmid), authid: who.authid }, worker =>
    underLock(world, worker.process, vmid, () => convert(world, checkConvertible(world, node, vmid, disk), disk)),
  );
}

function checkConvertible(world: World, node: string, vmid: number, disk: string | undefined): VmState {
  const vm = vmOn(world, node, vmid);
  checkLock(vm);
  if (Object.keys(vm.config.snapshots).length > 0)
    throw died('unable to create template, because VM contains snapshots');
  if (isTemplate(vm) && disk === undefined) throw died("you can't convert a template to a template");
  if (vm.run !== undefined) throw died("you can't convert a VM to template if VM is running");
  return vm;
}

function* convert(world: World, vm: VmState, disk: string | undefined): Steps<void> {
  const { current } = vm.config;
  demandWritable(world, vm.node, vm.vmid);
  current.template = '1';
  for (const drive of drivesOf(world.release, current)) {
    if (isCdrom(drive) || (disk !== undefined && drive.key !== disk)) continue;
    const found = findVolume(world, vm.node, drive.file);
    if (found === undefined) continue;
    yield* work(world, 'template');
    current[drive.key] = printDrive(world.release, { ...drive, file: makeBase(found) });
  }
}
