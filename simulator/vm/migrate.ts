import { demand, demandOnVm } from '../auth/permissions.ts';
import { badParameters, died } from '../engine/errors.ts';
import { type Steps, sleep } from '../engine/process.ts';
import { type Call, flag, required, text, type World } from '../engine/world.ts';
import type { VmState } from '../state/types.ts';
import { abilityOf, splitVolid } from '../storage/layout.ts';
import {
  add,
  available,
  dropVolume,
  findVolume,
  isOnNode,
  type Located,
  placeOf,
  storageOf,
  usableStorage,
  volidOf,
} from '../storage/volumes.ts';
import type { Worker } from '../tasks/tasks.ts';
import { demandQuorum } from './cluster.ts';
import { checkLock, vmOn } from './config.ts';
import { work } from './disks.ts';
import { type Drive, drivesOf, isCdrom, parseDrive, printDrive } from './drives.ts';
import { underLock } from './lock.ts';
import { memoryOf } from './memory.ts';
import { demandRootFor } from './root-only.ts';

/** Another migration of the same VM is waited for this long. */
const LOCK_MS = 10_000;

interface Order {
  node: string;
  vmid: number;
  target: string;
  online: boolean;
  /** Where local disks go on the target: one storage for all, or unchanged. */
  storage: string | undefined;
}

/** POST migrate. */
export function migrateVm(call: Call): string {
  const { world, params, node, who } = call;
  const target = required(params, 'target');
  if (target === node) throw badParameters({ target: 'target is local node.' });
  demandQuorum(world);
  if (world.state.nodes[target] === undefined) throw died(`no such cluster node '${target}'`);
  demandRootFor(who, params, 'force', 'migration_type', 'migration_network');
  const vmid = Number(params.vmid);
  const vm = vmOn(world, node, vmid);
  checkLock(vm);
  const online = flag(params, 'online') && vm.run !== undefined;
  if (vm.run !== undefined && !online) throw died("can't migrate running VM without --online");
  const storage = text(params, 'targetstorage');
  if (storage === undefined) checkStorages(world, vm, target);
  else checkTargetStorage(call, vmid, storage, target);
  if (world.state.ha[`vm:${vmid}`] !== undefined) return requestHa(call, vmid, target);
  const order: Order = { node, vmid, target, online, storage: storage === '1' ? undefined : storage };
  return world.tasks.fork({ node, type: 'qmigrate', id: String(vmid), authid: who.authid }, worker =>
    world.locks.holding(worker.process, `/var/lock/pve-manager/pve-migrate-${vmid}`, 'exclusive', LOCK_MS, () =>
      underLock(world, worker.process, vmid, () => migrate(world, worker, order)),
    ),
  );
}

function requestHa(call: Call, vmid: number, target: string): string {
  const { world, node, who } = call;
  return world.tasks.fork({ node, type: 'hamigrate', id: String(vmid), authid: who.authid }, function* (worker) {
    worker.log(`Requesting HA migration for VM ${vmid} to node ${target}`);
    yield sleep(world.clock, 600);
    const vm = world.state.vms[vmid];
    if (vm !== undefined) vm.node = target;
  });
}

function checkTargetStorage(call: Call, vmid: number, storage: string, target: string): void {
  const { world, who } = call;
  demandOnVm(world, who.authid, vmid, ['VM.Config.Disk']);
  if (storage === '1') return;
  const found = usableStorage(world, storage, target);
  demand(world, who.authid, `/storage/${storage}`, ['Datastore.AllocateSpace']);
  if (!found.content.includes('images')) throw died(`storage '${storage}' does not support vm images`);
}

/** Each storage that the VM uses must be there on the target, whether shared or not. */
function checkStorages(world: World, vm: VmState, target: string): void {
  for (const drive of drivesOf(world.release, vm.config.current)) {
    const id = splitVolid(drive.file)?.storage;
    if (id === undefined) continue;
    usableStorage(world, id, target);
  }
}

function* migrate(world: World, worker: Worker, order: Order): Steps<void> {
  const { vmid, target, node } = order;
  const vm = vmOn(world, node, vmid);
  checkLock(vm);
  const log = (line: string) =>
    worker.log(`${new Date(world.clock.now()).toISOString().slice(0, 19).replace('T', ' ')} ${line}`);
  const peer = world.state.nodes[target];
  log(`starting migration of VM ${vmid} to node '${target}' (${peer?.ip ?? ''})`);
  if (peer?.reachable !== true)
    throw died("migration aborted (duration 00:00:03): Can't connect to destination address using public key");
  const local = localDisks(world, vm);
  checkLocal(world, order, local);
  vm.config.current.lock = 'migrate';
  for (const { drive, found } of local)
    log(`found local disk '${found.volid}' (${drive.key === 'unused' ? 'via storage' : 'attached'})`);
  for (const one of local) yield* copyAcross(world, vm, order, one, log);
  yield* work(world, 'migrate', order.online ? memoryOf(vm.config.current) : 0);
  for (const { found } of local) dropVolume(found);
  vm.node = target;
  delete vm.config.current.lock;
  log('migration finished successfully (duration 00:00:03)');
}

interface LocalDisk {
  drive: Drive;
  found: Located;
}

/** The VM's disks on storages that only this node sees, unused ones too. */
function localDisks(world: World, vm: VmState): LocalDisk[] {
  const { current } = vm.config;
  const unused = Object.keys(current)
    .filter(key => /^unused\d+$/.test(key))
    .map(key => parseDrive(world.release, key, current[key] ?? ''));
  return [...drivesOf(world.release, current), ...unused].flatMap(drive => {
    const found = findVolume(world, vm.node, drive.file);
    return found === undefined || found.storage.shared ? [] : [{ drive, found }];
  });
}

function checkLocal(world: World, order: Order, local: LocalDisk[]): void {
  for (const { drive, found } of local) {
    const problem = localProblem(world, order, drive, found);
    if (problem !== undefined)
      throw died(`migration aborted (duration 00:00:00): can't migrate local disk '${drive.file}': ${problem}`);
  }
}

function localProblem(world: World, order: Order, drive: Drive, found: Located): string | undefined {
  if (isCdrom(drive, true)) return 'local cdrom image';
  if (found.volume.parent !== undefined) return 'linked clone';
  if (order.online && Object.keys(found.volume.snapshots).length > 0) return 'non-migratable snapshot exists';
  const storage = storageOf(world, order.storage ?? found.storage.id);
  if (!abilityOf(storage).thick) return undefined;
  return available(storage, order.target) < found.volume.size ? 'not enough free space' : undefined;
}

function* copyAcross(
  world: World,
  vm: VmState,
  order: Order,
  { drive, found }: LocalDisk,
  log: (line: string) => void,
): Steps<void> {
  const storage = storageOf(world, order.storage ?? found.storage.id);
  log(`copying local disk images`);
  yield* work(world, 'copy', found.volume.used);
  add(placeOf(storage, order.target), found.name, { ...found.volume });
  const file = volidOf(storage, found.name, found.volume);
  if (drive.key.startsWith('unused')) vm.config.current[drive.key] = file;
  else vm.config.current[drive.key] = printDrive(world.release, { ...drive, file });
}

/** GET migrate: where the VM could go, and what is local. */
export function migrationPreconditions({ world, node, params }: Call): Record<string, unknown> {
  demandQuorum(world);
  const vm = vmOn(world, node, Number(params.vmid));
  checkLock(vm);
  const others = Object.values(world.state.nodes).filter(other => other.member && other.name !== node);
  const missing = new Map(others.map(other => [other.name, missingStorages(world, vm, other.name)]));
  return {
    running: vm.run === undefined ? 0 : 1,
    allowed_nodes: [...missing].filter(([, storages]) => storages.length === 0).map(([name]) => name),
    not_allowed_nodes: Object.fromEntries(
      [...missing]
        .filter(([, storages]) => storages.length > 0)
        .map(([name, storages]) => [name, { unavailable_storages: storages }]),
    ),
    local_disks: localDisks(world, vm).map(({ drive, found }) => localLine(drive, found)),
    local_resources: [],
    'mapped-resources': [],
    'mapped-resource-info': {},
  };
}

function missingStorages(world: World, vm: VmState, node: string): string[] {
  const ids = drivesOf(world.release, vm.config.current).flatMap(drive => splitVolid(drive.file)?.storage ?? []);
  return [...new Set(ids)].filter(id => {
    const storage = world.state.storages[id];
    return storage === undefined || !storage.enabled || !isOnNode(storage, node);
  });
}

function localLine(drive: Drive, found: Located): Record<string, unknown> {
  const unused = drive.key.startsWith('unused');
  const cdrom = isCdrom(drive);
  return {
    volid: drive.file,
    ...(unused ? {} : { drivename: drive.key }),
    ...(unused || cdrom ? {} : { size: found.volume.size }),
    cdrom: cdrom ? 1 : 0,
    shared: 0,
    replicate: 1,
    is_attached: unused ? 0 : 1,
    is_unused: unused ? 1 : 0,
    is_vmstate: 0,
    is_tpmstate: drive.key === 'tpmstate0' ? 1 : 0,
  };
}
