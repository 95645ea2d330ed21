import { died } from '../engine/errors.ts';
import type { World } from '../engine/world.ts';
import type { VmState } from '../state/types.ts';
import { splitVolid } from '../storage/layout.ts';
import { drivesOf, isCdrom } from './drives.ts';

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
