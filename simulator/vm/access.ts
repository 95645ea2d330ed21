import { demand, may } from '../auth/permissions.ts';
import { badParameters, died } from '../engine/errors.ts';
import type { World } from '../engine/world.ts';
import type { Section } from '../state/types.ts';
import { splitVolid } from '../storage/layout.ts';
import { parseVolid } from '../storage/volumes.ts';
import { type Drive, drivesOf, isCdrom, requestedSize } from './drives.ts';

/** Whether `authid` may use a volume for a VM [PVE::Storage::check_volume_access]. */
export function demandVolume(
  world: World,
  authid: string,
  vmid: number | undefined,
  volid: string,
  type?: string,
): void {
  if (splitVolid(volid) === undefined) {
    if (authid === 'root@pam') return;
    throw died('Only root can pass arbitrary filesystem paths. at /usr/share/perl5/PVE/Storage.pm line 581.');
  }
  const { storage, content, vmid: owner } = parseVolid(world, volid);
  if (type !== undefined && content !== type) {
    throw died(`unable to use volume ${volid} - content type needs to be '${type}'`);
  }
  const path = `/storage/${storage.id}`;
  if (may(world, authid, path, ['Datastore.Allocate'])) return;
  if (content === 'iso' || content === 'vztmpl' || content === 'import') {
    demand(world, authid, path, ['Datastore.AllocateSpace', 'Datastore.Audit'], true);
  } else if (owner !== undefined && owner === vmid) {
    return;
  } else if (content === 'backup' && owner !== undefined) {
    demand(world, authid, path, ['Datastore.AllocateSpace']);
    demand(world, authid, `/vms/${owner}`, ['VM.Backup']);
  } else if (content === 'images' && owner !== undefined) {
    demand(world, authid, path, ['Datastore.Audit']);
    demand(world, authid, `/vms/${owner}`, ['VM.Config.Disk']);
  } else {
    throw died(`missing privileges to access ${volid}`);
  }
}

/** The checks on the drives that a call sets, before anything is made [$check_storage_access]. */
export function demandDrives(world: World, authid: string, vmid: number, settings: Section, storage?: string): void {
  for (const drive of drivesOf(world.release, settings)) {
    demandDrive(world, authid, vmid, drive, storage);
    demandSource(world, authid, vmid, drive);
  }
  if (settings.vmstatestorage !== undefined) {
    demand(world, authid, `/storage/${settings.vmstatestorage}`, ['Datastore.AllocateSpace']);
  }
}

function demandDrive(world: World, authid: string, vmid: number, drive: Drive, defaultStorage?: string): void {
  const { file } = drive;
  if (file === 'none' || /^(?:[^:]+:)?cloudinit$/.test(file)) return;
  if (isCdrom(drive) && file === 'cdrom') {
    demand(world, authid, '/', ['Sys.Console']);
    return;
  }
  const wish = requestedSize(file);
  if (wish !== undefined && !isCdrom(drive)) {
    const storage = wish.storage || defaultStorage;
    if (storage === undefined) throw died('no storage ID specified (and no default storage)');
    demand(world, authid, `/storage/${storage}`, ['Datastore.AllocateSpace']);
    if (world.state.storages[storage] === undefined) throw died(`storage '${storage}' does not exist`);
    if (!world.state.storages[storage].content.includes('images')) {
      throw badParameters({ storage: `storage '${storage}' does not support vm images` });
    }
    return;
  }
  demandVolume(world, authid, vmid, file);
  if (splitVolid(file) === undefined) return;
  const { content } = parseVolid(world, file);
  if (content !== 'images' && content !== 'iso') {
    throw badParameters({ [drive.key]: "content type needs to be 'images' or 'iso'" });
  }
}

function demandSource(world: World, authid: string, vmid: number, drive: Drive): void {
  const source = drive.options['import-from'];
  if (source === undefined) return;
  if (splitVolid(source) !== undefined) {
    const { content, vmid: owner } = parseVolid(world, source);
    if (content !== 'images' && content !== 'import') {
      const text = `${source} has wrong type '${content}' - needs to be 'images' or 'import'`;
      throw badParameters({ [drive.key]: text });
    }
    if (owner !== undefined) {
      demand(world, authid, `/vms/${owner}`, ['VM.Clone']);
      return;
    }
  }
  demandVolume(world, authid, vmid, source);
}

/** Checks that need no rights: the form of `import-from`, and that ISO images are CDs [$check_drive_param]. */
export function checkDriveParameters(world: World, settings: Section): void {
  for (const drive of drivesOf(world.release, settings)) {
    const { key, file, options } = drive;
    if (options['import-from'] !== undefined && requestedSize(file)?.size !== 0) {
      throw badParameters({
        [key]: "'import-from' requires special syntax - use <storage ID>:0,import-from=<source>",
      });
    }
    if (splitVolid(file) === undefined || requestedSize(file) !== undefined || file.endsWith(':cloudinit')) continue;
    if (parseVolid(world, file).content === 'iso' && !isCdrom(drive)) {
      throw badParameters({ [key]: "explicit 'media=cdrom' is required for iso images" });
    }
  }
}
