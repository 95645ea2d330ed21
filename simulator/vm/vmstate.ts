import { died } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import type { World } from '../engine/world.ts';
import type { Section, VmState } from '../state/types.ts';
import { splitVolid } from '../storage/layout.ts';
import { allocate, findVolume, setUsed } from '../storage/volumes.ts';
import type { Worker } from '../tasks/tasks.ts';
import { work } from './disks.ts';
import { drivesOf, isCdrom } from './drives.ts';
import { memoryOf } from './memory.ts';

/** Where a VM's memory is saved unless the call names a storage: a shared one with a disk of it, else any such, else `local` [find_vmstate_storage]. */
export function vmstateStorage(world: World, vm: VmState): string {
  const { current } = vm.config;
  if (current.vmstatestorage !== undefined) return current.vmstatestorage;
  const used = drivesOf(world.release, current)
    .filter(drive => !isCdrom(drive))
    .flatMap(drive => world.state.storages[splitVolid(drive.file)?.storage ?? ''] ?? []);
  const chosen = used.find(storage => storage.shared) ?? used[0] ?? world.state.storages.local;
  if (chosen === undefined) throw died('no storage for the VM state');
  return chosen.id;
}

/** The volume for a VM's memory, and the options that tell how to load it [__snapshot_save_vmstate]. */
export function allocateState(world: World, worker: Worker, vm: VmState, name: string, storage?: string): Section {
  const id = storage ?? vmstateStorage(world, vm);
  const size = memoryOf(vm.config.current) * 2 + 500 * 2 ** 20;
  const allocation = { node: vm.node, storage: id, vmid: vm.vmid, format: 'raw', size, suffix: `state-${name}` };
  const vmstate = allocate(world, allocation);
  const path = world.state.storages[id]?.path;
  if (path !== undefined) {
    worker.log(
      `Formatting '${path}/images/${vmstate.slice(vmstate.indexOf(':') + 1)}', fmt=raw size=${size} preallocation=off`,
    );
  }
  return {
    vmstate,
    runningmachine: vm.run?.machine ?? '',
    runningcpu: vm.config.current.kvm === '0' ? 'qemu64' : 'kvm64',
  };
}

/** Saves the memory of a running VM, which goes on. */
export function* saveState(world: World, worker: Worker, vm: VmState, vmstate: string): Steps<void> {
  worker.log(`saving VM state and RAM using storage '${vmstate.split(':')[0]}'`);
  yield* work(world, 'vmstate', memoryOf(vm.config.current));
  const found = findVolume(world, vm.node, vmstate);
  if (found !== undefined) setUsed(found, memoryOf(vm.config.current));
  worker.log('completed saving the VM state in 0s, saved 3.36 MiB');
}
