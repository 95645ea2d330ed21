import { createHash } from 'node:crypto';
import { demand } from '../auth/permissions.ts';
import { badParameters, died, PveError } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import { type Call, flag, type Handlers, number, required, text, type World } from '../engine/world.ts';
import type { StorageState, VolumeState } from '../state/types.ts';
import { parseVolume, pathOf } from '../storage/layout.ts';
import {
  add,
  allocate,
  available,
  findVolume,
  free,
  placeOf,
  storageOf,
  usableStorage,
  volidOf,
} from '../storage/volumes.ts';
import type { Worker } from '../tasks/tasks.ts';
import { demandVolume } from '../vm/access.ts';
import { work } from '../vm/disks.ts';
import { taskSettled } from './task-wait.ts';

const CONTENT = '/nodes/{node}/storage/{storage}/content';

/** What lies on a storage, and how it gets there. */
export const content: Handlers = {
  [`GET ${CONTENT}`]: listContent,
  [`POST ${CONTENT}`]: allocateVolume,
  [`GET ${CONTENT}/{volume}`]: volumeInfo,
  [`PUT ${CONTENT}/{volume}`]: updateVolume,
  [`DELETE ${CONTENT}/{volume}`]: deleteVolume,
  'POST /nodes/{node}/storage/{storage}/upload': upload,
  'POST /nodes/{node}/storage/{storage}/download-url': downloadUrl,
  'GET /nodes/{node}/storage/{storage}/import-metadata': importMetadata,
};

/** Volumes that the caller could use; the filter by VMID leaves out only what has another owner. */
function listContent({ world, node, params, who }: Call): unknown[] {
  const storage = usableStorage(world, required(params, 'storage'), node);
  const type = text(params, 'content');
  const vmid = number(params, 'vmid');
  return Object.entries(placeOf(storage, node).volumes)
    .filter(([, volume]) => storage.content.includes(volume.content))
    .filter(([, volume]) => type === undefined || volume.content === type)
    .filter(([, volume]) => vmid === undefined || volume.vmid === undefined || volume.vmid === vmid)
    .filter(([name, volume]) => isAccessible(world, who.authid, volidOf(storage, name, volume)))
    .map(([name, volume]) => contentLine(storage, name, volume));
}

function isAccessible(world: World, authid: string, volid: string): boolean {
  try {
    demandVolume(world, authid, undefined, volid);
    return true;
  } catch (error) {
    if (error instanceof PveError) return false;
    throw error;
  }
}

function contentLine(storage: StorageState, name: string, volume: VolumeState): Record<string, unknown> {
  const line: Record<string, unknown> = {
    volid: volidOf(storage, name, volume),
    content: volume.content,
    format: volume.format,
    size: volume.content === 'images' ? volume.size : volume.used,
    ctime: Math.floor(volume.createdAt / 1000),
  };
  if (volume.content === 'images') {
    const parent = volume.parent === undefined ? null : `../${volume.parent}`;
    Object.assign(line, { parent, vmid: volume.vmid, used: volume.used });
  }
  if (volume.content === 'backup') {
    Object.assign(line, { vmid: volume.vmid, subtype: 'qemu' });
    if (volume.notes !== undefined) line.notes = volume.notes;
    if (volume.protected) line.protected = 1;
  }
  return line;
}

function allocateVolume({ world, node, params }: Call): string {
  const storage = required(params, 'storage');
  const filename = required(params, 'filename');
  const vmid = Number(params.vmid);
  const [, digits = '', unit = ''] = /^(\d+)([MG]?)$/.exec(required(params, 'size')) ?? [];
  const size = Number(digits) * 1024 * { '': 1, M: 1024, G: 1024 ** 2 }[unit as '' | 'M' | 'G'];
  const fromName = /\.(raw|qcow2|vmdk)$/.exec(filename)?.[1];
  const wished = text(params, 'format');
  if (fromName !== undefined && wished !== undefined && wished !== fromName) {
    throw badParameters({ format: `different storage formats (${wished} != ${fromName})` });
  }
  const suffix = new RegExp(`^vm-${vmid}-(.+?)(?:\\.\\w+)?$`).exec(filename)?.[1];
  if (suffix === undefined) throw died(`illegal name '${filename}' - should be 'vm-${vmid}-*'`);
  return allocate(world, { node, storage, vmid, format: fromName ?? wished ?? 'raw', size, suffix });
}

/** The path may name the volume with or without its storage. */
function volidFrom(params: Call['params']): string {
  const storage = required(params, 'storage');
  const volume = required(params, 'volume');
  if (!volume.includes(':')) return `${storage}:${volume}`;
  const named = volume.slice(0, volume.indexOf(':'));
  if (named !== storage) throw badParameters({ volume: `storage ID mismatch (${named} != ${storage})\n` });
  return volume;
}

function volumeInfo({ world, node, params, who }: Call): Record<string, unknown> {
  const volid = volidFrom(params);
  demandVolume(world, who.authid, undefined, volid);
  const found = findVolume(world, node, volid);
  if (found === undefined) throw died(`volume_size_info on '${volid}' failed - no format`);
  const { size, used, format, notes } = found.volume;
  const path = pathOf(found.storage, volid.slice(volid.indexOf(':') + 1));
  return { path, size, used, format, ...(notes === undefined ? {} : { notes }) };
}

function updateVolume({ world, node, params, who }: Call): null {
  const volid = volidFrom(params);
  demandVolume(world, who.authid, undefined, volid);
  const found = findVolume(world, node, volid);
  if (found === undefined) throw died(`volume '${volid}' does not exist`);
  const notes = text(params, 'notes');
  if (notes !== undefined) found.volume.notes = notes;
  if (params.protected !== undefined) found.volume.protected = flag(params, 'protected');
  return null;
}

/** DELETE content: needs no right on the VM that uses the volume; a missing one is removed just as well. */
function* deleteVolume(call: Call): Steps<string | null> {
  const { world, node, params, who } = call;
  const volid = volidFrom(params);
  const storage = storageOf(world, volid.slice(0, volid.indexOf(':')));
  const parsed = parseVolume(storage, volid.slice(volid.indexOf(':') + 1));
  if (parsed.content === 'backup' && parsed.vmid !== undefined) {
    demand(world, who.authid, `/storage/${storage.id}`, ['Datastore.AllocateSpace']);
    demand(world, who.authid, `/vms/${parsed.vmid}`, ['VM.Backup']);
  } else {
    demand(world, who.authid, `/storage/${storage.id}`, ['Datastore.Allocate']);
  }
  const id = parsed.vmid === undefined ? storage.id : `${parsed.vmid}@${storage.id}`;
  const upid = world.tasks.fork({ node, type: 'imgdel', id, authid: who.authid }, function* (worker) {
    yield* work(world, 'imgdel');
    if (findVolume(world, node, volid)?.volume.protected) throw died(`can't remove protected archive ${volid}`);
    free(world, node, volid);
    worker.log(`Removed volume '${volid}'`);
  });
  const delay = number(params, 'delay');
  if (delay === undefined) return upid;
  const status = yield* taskSettled(world, upid, delay * 1000);
  if (status === undefined) return upid;
  if (status !== 'OK' && !status.startsWith('WARNINGS')) throw died(status);
  return null;
}

const EXTENSIONS: Record<string, RegExp> = {
  iso: /[^/]+\.(?:iso|img)$/i,
  vztmpl: /[^/]+\.tar\.(?:gz|xz|zst|bz2)$/i,
  import: /^[\w.\-+=]+\.(?:ova|ovf|qcow2|raw|vmdk)$/,
};

/** The name that a file gets: no path, no odd characters. Throws for a wrong extension. */
function contentName(type: string, given: string): string {
  const name = given.replace(/^.*[/\\]/, '').replaceAll(/[^a-zA-Z0-9_.-]/g, '_');
  if (EXTENSIONS[type]?.test(name)) return name;
  throw badParameters({
    filename: type === 'import' ? 'invalid filename or wrong extension' : 'wrong file extension',
  });
}

function upload({ world, node, params, who, upload: file }: Call): string {
  const storage = usableStorage(world, required(params, 'storage'), node);
  if (storage.path === undefined) throw died(`can't upload to storage type '${storage.type}'`);
  const type = required(params, 'content');
  const name = `${type}/${contentName(type, required(params, 'filename'))}`;
  if (!storage.content.includes(type)) throw died(`storage '${storage.id}' does not support '${type}' content`);
  const data = file?.data ?? Buffer.alloc(0);
  const algorithm = text(params, 'checksum-algorithm');
  const checksum = text(params, 'checksum') ?? '';
  const temporary = `/var/tmp/pveupload-${world.random.hex(32)}`;
  return world.tasks.fork({ node, type: 'imgcopy', id: '', authid: who.authid }, function* (worker) {
    worker.log(`starting file import from: ${temporary}`);
    if (algorithm !== undefined) verifyChecksum(worker, data, algorithm, checksum);
    const path = pathOf(storage, name);
    worker.log(`target node: ${node}`);
    worker.log(`target file: ${path}`);
    worker.log(`file size is: ${data.length}`);
    worker.log(`command: cp -- ${temporary} ${path}`);
    yield* work(world, 'imgcopy', data.length);
    store(world, storage, node, name, data.length);
    worker.log('finished file import successfully');
  });
}

function verifyChecksum(worker: Worker, data: Buffer, algorithm: string, checksum: string): void {
  const got = createHash(algorithm).update(data).digest('hex');
  if (got === checksum.toLowerCase()) {
    worker.log('calculating checksum...OK, checksum verified');
    return;
  }
  worker.log('calculating checksum...');
  throw died(`checksum mismatch: got '${got}' != expect '${checksum}'`);
}

/** Puts a file into a storage; one of that name is overwritten. */
function store(world: World, storage: StorageState, node: string, name: string, size: number): void {
  if (size > available(storage, node)) throw died('import failed: No space left on device');
  const { content: kind, format } = parseVolume(storage, name);
  const createdAt = world.clock.now();
  add(placeOf(storage, node), name, { content: kind, format, size, used: size, createdAt, snapshots: {} });
}

/** What a download brings, since a simulated node has no network. */
const DOWNLOAD_BYTES = 400 * 2 ** 20;

/** POST download-url: a node's own loopback refuses, everything else succeeds. */
function downloadUrl({ world, node, params, who }: Call): string {
  const storage = usableStorage(world, required(params, 'storage'), node);
  const type = required(params, 'content');
  const filename = required(params, 'filename');
  const url = required(params, 'url');
  if (!storage.content.includes(type)) {
    throw died(`storage '${storage.id}' is not configured for content-type '${type}'`);
  }
  const name = `${type}/${contentName(type, filename)}`;
  return world.tasks.fork({ node, type: 'download', id: filename, authid: who.authid }, function* (worker) {
    worker.log(`downloading ${url} to ${pathOf(storage, name)}`);
    const time = new Date(world.clock.now()).toISOString().slice(0, 19).replace('T', ' ');
    worker.log(`--${time}--  ${url}`);
    const host = /^\w+:\/\/(127\.[\d.]+|localhost)(?::(\d+))?/.exec(url);
    if (host !== null)
      throw died(`download failed: Connecting to ${host[1]}:${host[2] ?? '80'}... failed: Connection refused.`);
    yield* work(world, 'download', DOWNLOAD_BYTES);
    store(world, storage, node, name, DOWNLOAD_BYTES);
    worker.log(`download of '${url}' to '${pathOf(storage, name)}' finished`);
  });
}

function importMetadata({ params }: Call): never {
  throw died(`unable to parse directory volume name '${required(params, 'volume')}'`);
}
