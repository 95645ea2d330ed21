import { joinPool } from '../auth/membership.ts';
import { demand, may } from '../auth/permissions.ts';
import { badParameters, died, forbidden, PveError } from '../engine/errors.ts';
import type { Mortal, Steps } from '../engine/process.ts';
import { type Call, flag, text, type World } from '../engine/world.ts';
import type { Section, VmState } from '../state/types.ts';
import { splitVolid } from '../storage/layout.ts';
import { findVolume, free, hasFeature, storageOf, usableStorage, volumeOf } from '../storage/volumes.ts';
import type { Worker } from '../tasks/tasks.ts';
import { demandQuorum } from './cluster.ts';
import { assertOnNode, checkLock, isTemplate, vmOn } from './config.ts';
import { copyVolume, type DiskJob, linkVolume, work } from './disks.ts';
import { type Drive, drivesOf, formatSize, isCdrom, isCloudinit, printDrive } from './drives.ts';
import { defaultGuest } from './guest.ts';
import { lockFileOf } from './lock.ts';
import { cutMirrors } from './mirror.ts';
import { isNetKey, parseNet, printNet } from './nets.ts';
import { demandBridges } from './option-rights.ts';

/** Source and target are waited for this long [API2::Qemu, clone_vm]. */
const LOCK_MS = 1000;

/** A failed clone waits before it frees its volumes. */
const CLEANUP_MS = 1000;

/** What the configuration holds while the first disk is copied; its digest is the same for every clone. */
const TEMPORARY: Section = { description: ' qmclone temporary file', lock: 'clone' };

/** These are not copied: they belong to the source, its snapshots or its run. */
const NOT_COPIED = new Set('parent snaptime vmstate snapstate runningcpu runningmachine template'.split(' '));

interface Order {
  vmid: number;
  newid: number;
  node: string;
  authid: string;
  running: boolean;
  name: string | undefined;
  description: string | undefined;
  full: boolean | undefined;
  pool: string | undefined;
  snapname: string | undefined;
  storage: string | undefined;
  format: string | undefined;
  target: string | undefined;
}

/** What is to be done once the checks have passed. */
interface Plan {
  conf: Section;
  drives: { drive: Drive; full: boolean }[];
}

/** POST clone: the checks, then a task that repeats them under both locks. */
export function cloneVm(call: Call): string {
  const { world, params, node, who } = call;
  const vmid = Number(params.vmid);
  const target = text(params, 'target');
  const order: Order = {
    vmid,
    newid: Number(params.newid),
    node,
    authid: who.authid,
    running: assertOnNode(world, node, vmid).run !== undefined,
    name: text(params, 'name'),
    description: text(params, 'description'),
    full: params.full === undefined ? undefined : flag(params, 'full'),
    pool: text(params, 'pool'),
    snapname: text(params, 'snapname'),
    storage: text(params, 'storage'),
    format: text(params, 'format'),
    target: target === node || target === 'localhost' ? undefined : target,
  };
  planClone(world, order);
  const fork = { node, type: 'qmclone', id: String(vmid), authid: who.authid };
  return world.tasks.fork(fork, worker =>
    underBothLocks(world, worker.process, order, () => clone(world, worker, order)),
  );
}

function underBothLocks(world: World, process: Mortal, order: Order, body: () => Steps<void>): Steps<void> {
  const mode = order.running ? 'exclusive' : 'shared';
  return world.locks.holding(process, lockFileOf(order.vmid), mode, LOCK_MS, () =>
    world.locks.holding(process, lockFileOf(order.newid), 'exclusive', LOCK_MS, body),
  );
}

/** The checks of a clone, made at once and again under the locks [$load_and_check]. */
function planClone(world: World, order: Order): Plan {
  if (order.pool !== undefined && world.state.pools[order.pool] === undefined) {
    throw forbidden(`pool '${order.pool}' does not exist`);
  }
  if (order.target !== undefined && world.state.nodes[order.target] === undefined) {
    throw died(`no such cluster node '${order.target}'`);
  }
  if (order.storage !== undefined) checkStorage(world, order, order.storage);
  demandQuorum(world);
  const vm = vmOn(world, order.node, order.vmid);
  checkLock(vm);
  if ((vm.run !== undefined) !== order.running) throw died('unexpected state change');
  const source = sourceSection(vm, order);
  const full = order.full ?? !isTemplate(vm);
  for (const key of ['storage', 'format'] as const) {
    if (order[key] !== undefined && !full) throw died(`parameter '${key}' not allowed for linked clones`);
  }
  const shared = demandVolumes(world, order, source);
  demandBridges(world, order.authid, source);
  if (order.target !== undefined && !shared) {
    throw died(`can't clone VM to node '${order.target}' (VM uses local storage)`);
  }
  const taken = world.state.vms[order.newid];
  if (taken?.node === order.node) throw died(`unable to create VM ${order.newid}: config file already exists`);
  return planDrives(world, order, source, full);
}

function checkStorage(world: World, order: Order, id: string): void {
  const storage = usableStorage(world, id, order.node);
  if (!storage.content.includes('images')) {
    throw badParameters({ storage: `storage '${id}' does not support vm images` });
  }
  if (order.target === undefined) return;
  usableStorage(world, id, order.target);
  if (!storage.shared) throw died(`can't clone to non-shared storage '${id}'`);
}

function sourceSection(vm: VmState, order: Order): Section {
  if (order.snapname === undefined) return vm.config.current;
  const snapshot = vm.config.snapshots[order.snapname];
  if (snapshot === undefined) throw died(`snapshot '${order.snapname}' does not exist`);
  return snapshot;
}

/** The rights on the storages; answers whether all volumes are on shared ones [$check_storage_access_clone]. */
function demandVolumes(world: World, order: Order, source: Section): boolean {
  let shared = true;
  for (const drive of drivesOf(world.release, source)) {
    if (drive.file === 'none') continue;
    if (drive.file === 'cdrom') {
      demand(world, order.authid, '/', ['Sys.Console']);
      continue;
    }
    const id = splitVolid(drive.file)?.storage ?? '';
    shared &&= storageOf(world, id).shared;
    if (!isCdrom(drive)) demand(world, order.authid, `/storage/${order.storage ?? id}`, ['Datastore.AllocateSpace']);
  }
  return shared;
}

function planDrives(world: World, order: Order, source: Section, full: boolean): Plan {
  const plan: Plan = { conf: {}, drives: [] };
  for (const [key, value] of Object.entries(source)) {
    if (!NOT_COPIED.has(key) && !/^unused\d+$/.test(key)) plan.conf[key] = value;
  }
  for (const drive of drivesOf(world.release, source)) {
    if (full && order.running && order.snapname === undefined && drive.key === 'tpmstate0') {
      throw died('cannot clone TPM state while VM is running');
    }
    if (isCdrom(drive, true)) continue;
    const copied = full || isCloudinit(drive) || drive.key === 'tpmstate0';
    demandCloneable(world, order, drive, copied);
    plan.drives.push({ drive, full: copied });
  }
  return plan;
}

function demandCloneable(world: World, order: Order, drive: Drive, copied: boolean): void {
  const found = findVolume(world, order.node, drive.file);
  if (found !== undefined && hasFeature(found, copied ? 'copy' : 'clone', order.snapname)) return;
  const of = order.snapname === undefined ? '' : ' a snapshot of';
  throw died(`${copied ? 'Full' : 'Linked'} clone feature is not supported for${of} '${drive.file}' (${drive.key})`);
}

function* clone(world: World, worker: Worker, order: Order): Steps<void> {
  const plan = planClone(world, order);
  const conf = newIdentity(world, order, plan.conf);
  const vm = reserve(world, order);
  const made: string[] = [];
  const job: DiskJob = { world, node: order.node, vmid: order.newid, authid: order.authid, log: worker.log };
  try {
    for (const { drive, full } of plan.drives) {
      conf[drive.key] = yield* cloneDrive(job, order, drive, full, made);
      vm.config.current = { ...conf, lock: 'clone' };
    }
    yield* finishMirrors(world, worker, order, plan);
    yield* work(world, 'finish');
    vm.config.current = conf;
    if (order.target !== undefined) vm.node = order.target;
    if (order.pool !== undefined) {
      // A worker that dies here has unlocked the VM, and left it out of the pool [clone_vm].
      yield* work(world, 'join');
      joinPool(world.state, order.newid, order.pool);
    }
  } catch (error) {
    if (!(error instanceof PveError)) throw error;
    yield resume => world.clock.at(world.clock.now() + CLEANUP_MS, resume);
    for (const volid of made) free(world, order.node, volid);
    delete world.state.vms[order.newid];
    throw died(`clone failed: ${error.message === 'received interrupt' ? 'interrupted by signal' : error.text}`);
  }
}

function* finishMirrors(world: World, worker: Worker, order: Order, plan: Plan): Steps<void> {
  const source = world.state.vms[order.vmid];
  const mirrored = plan.drives.filter(({ drive, full }) => full && !isCloudinit(drive)).map(({ drive }) => drive.key);
  if (source?.run === undefined || order.snapname !== undefined || mirrored.length === 0) return;
  yield* cutMirrors(world, source, mirrored, worker.log);
}

/** The copied configuration with new MACs, UUID and generation. */
function newIdentity(world: World, order: Order, copied: Section): Section {
  const conf = { ...copied };
  for (const key of Object.keys(conf).filter(isNetKey)) {
    const net = parseNet(world.release, conf[key] ?? '');
    conf[key] = printNet(world.release, { ...net, macaddr: world.random.mac(world.state.cluster.options.mac_prefix) });
  }
  conf.smbios1 = withUuid(conf.smbios1, world.random.uuid());
  if (conf.vmgenid !== undefined) conf.vmgenid = world.random.uuid();
  conf.name = order.name || `Copy-of-VM-${copied.name ?? order.vmid}`;
  if (order.description) conf.description = order.description.trimEnd();
  return conf;
}

function withUuid(smbios1: string | undefined, uuid: string): string {
  const others = (smbios1 ?? '').split(',').filter(part => part !== '' && !part.startsWith('uuid='));
  return [...others, `uuid=${uuid}`].sort().join(',');
}

/** Takes the VMID. Only this finds out about one that is taken on another node. */
function reserve(world: World, order: Order): VmState {
  const { newid, node } = order;
  if (world.state.vms[newid] !== undefined || world.state.containers[newid] !== undefined) {
    const file = `/etc/pve/nodes/${node}/qemu-server/${newid}.conf`;
    throw died(`close (rename) atomic file '${file}' failed: File exists`);
  }
  const config = { current: { ...TEMPORARY }, pending: {}, pendingDelete: {}, cloudinit: {}, snapshots: {} };
  const source = world.state.vms[order.vmid];
  const vm: VmState = { vmid: newid, node, config, guest: defaultGuest(source?.guest) };
  world.state.vms[newid] = vm;
  return vm;
}

function* cloneDrive(job: DiskJob, order: Order, drive: Drive, full: boolean, made: string[]): Steps<string> {
  const { world, node } = job;
  const source = volumeOf(world, node, drive.file);
  const running = order.running && order.snapname === undefined;
  const file = full
    ? yield* copyVolume(job, drive, storageOf(world, order.storage ?? source.storage.id), order.format, made, running)
    : yield* linkVolume(job, drive, made);
  const size = formatSize(volumeOf(world, node, file).volume.size);
  const { format: _, ...options } = drive.options;
  return printDrive(world.release, { key: drive.key, file, options: { ...options, size } });
}

/** Whether `authid` may create that VM: by itself or through the pool. */
export function mayAllocate(world: World, authid: string, vmid: number, pool: string | undefined): boolean {
  if (may(world, authid, `/vms/${vmid}`, ['VM.Allocate'])) return true;
  return pool !== undefined && may(world, authid, `/pool/${pool}`, ['VM.Allocate']);
}
