import { joinPool } from '../auth/membership.ts';
import { demand } from '../auth/permissions.ts';
import { died, forbidden, PveError } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import { type Call, flag, seconds, text, type World } from '../engine/world.ts';
import type { Section } from '../state/types.ts';
import { free } from '../storage/volumes.ts';
import type { Worker } from '../tasks/tasks.ts';
import { checkDriveParameters, demandDrives } from './access.ts';
import { defaultBootOrder, printBootOrder } from './boot.ts';
import { resolveCdrom, settingsOf } from './change.ts';
import { mayAllocate } from './clone.ts';
import { demandQuorum } from './cluster.ts';
import { vmOn } from './config.ts';
import { createDisks, ownsVolume, work } from './disks.ts';
import { drivesOf } from './drives.ts';
import { linuxGuest } from './guest.ts';
import { underLock } from './lock.ts';
import { isNetKey, withMac } from './nets.ts';
import { demandBridges, demandDevices, demandOptions } from './option-rights.ts';
import { reserve } from './reserve.ts';
import { restoreVm } from './restore.ts';
import { validateSshKeys } from './ssh-keys.ts';
import { start } from './start.ts';
import { demandTags, uniqueTags } from './tags.ts';

/** The worker itself does not wait. */
const CREATE_MS = 1000;

/** The QEMU that `meta` tells of. */
const CREATION_QEMU = { '8.4': '10.0.2', '9.2': '10.1.2' };

/** Parameters of POST /qemu that are no options. */
const CONTROL = ['archive', 'bwlimit', 'force', 'pool', 'start', 'storage', 'unique', 'live-restore', 'ha-managed'];

/** POST qemu: a new VM, or one from a backup. */
export function* createVm(call: Call): Steps<string> {
  const { world, params, node, who, process } = call;
  const vmid = Number(params.vmid);
  const set = settingsOf(params);
  for (const key of CONTROL) delete set[key];
  if (set.sshkeys !== undefined) validateSshKeys(set.sshkeys);
  demandQuorum(world);
  const pool = text(params, 'pool');
  const storage = text(params, 'storage');
  const archive = text(params, 'archive');
  if (pool !== undefined && world.state.pools[pool] === undefined) throw forbidden(`pool '${pool}' does not exist`);
  if (storage !== undefined) demand(world, who.authid, `/storage/${storage}`, ['Datastore.AllocateSpace']);
  if (!mayAllocate(world, who.authid, vmid, pool)) throw forbidden();
  if (archive !== undefined) return yield* restoreVm(call, set, archive);
  checkSettings(world, who.authid, vmid, set, pool, storage);
  yield* reserve(world, process, node, vmid, flag(params, 'force'));
  return world.tasks.fork({ node, type: 'qmcreate', id: String(vmid), authid: who.authid }, worker =>
    create(world, worker, { node, vmid, set, pool, storage, start: flag(params, 'start') }),
  );
}

/** Rights and forms of all that a new VM's options ask for; MACs are drawn here. */
function checkSettings(
  world: World,
  authid: string,
  vmid: number,
  set: Section,
  pool: string | undefined,
  storage: string | undefined,
): void {
  resolveCdrom(set);
  demandDrives(world, authid, vmid, set, storage);
  demandOptions(world, authid, vmid, Object.keys(set), pool);
  demandDevices(world, authid, vmid, set, pool);
  demandBridges(world, authid, set);
  checkDriveParameters(world, set);
  for (const key of Object.keys(set).filter(isNetKey)) set[key] = withMac(world, set[key] ?? '');
}

interface Order {
  node: string;
  vmid: number;
  set: Section;
  pool: string | undefined;
  storage: string | undefined;
  start: boolean;
}

function* create(world: World, worker: Worker, order: Order): Steps<void> {
  const { vmid, node } = order;
  try {
    yield* underLock(world, worker.process, vmid, () => fill(world, worker, order), CREATE_MS);
  } catch (error) {
    if (!(error instanceof PveError)) throw error;
    delete world.state.vms[vmid];
    throw died(
      error.message === 'received interrupt' ? `unable to create VM ${vmid} - interrupted by signal` : error.text,
    );
  }
  if (!order.start) return;
  worker.log('Execute autostart');
  const vm = vmOn(world, node, vmid);
  yield* underLock(world, worker.process, vmid, () => start(world, vm, worker.task.authid, false, worker.log));
}

function* fill(world: World, worker: Worker, order: Order): Steps<void> {
  const { node, vmid, set } = order;
  const vm = vmOn(world, node, vmid);
  const job = { world, node, vmid, authid: worker.task.authid, log: worker.log };
  let made: Section = {};
  try {
    made = yield* createDisks(job, set, set, order.storage);
    // 8.4 keeps them as they came.
    if (set.tags !== undefined && world.release !== '8.4') {
      demandTags(world, job.authid, vmid, '', set.tags);
      set.tags = uniqueTags(set.tags);
    }
    yield* work(world, 'qmcreate');
  } catch (error) {
    for (const { file } of drivesOf(world.release, made))
      if (ownsVolume(world, node, vmid, file)) free(world, node, file);
    if (error instanceof PveError && error.message !== 'received interrupt') {
      throw died(`unable to create VM ${vmid} - ${error.text}`);
    }
    throw error;
  }
  vm.config.current = completed(world, { ...set, ...made });
  if (Object.values(set).some(value => value.includes('import-from='))) vm.guest = linuxGuest();
  if (order.pool === undefined) return;
  // As with a clone, a worker that dies here leaves the VM out of the pool [create_vm].
  yield* work(world, 'join');
  joinPool(world.state, vmid, order.pool);
}

/** What Proxmox adds to a new VM's options. */
function completed(world: World, set: Section): Section {
  const meta = `creation-qemu=${CREATION_QEMU[world.release]},ctime=${seconds(world)}`;
  const full: Section = { ...set, meta };
  full.boot ??= printBootOrder(defaultBootOrder(world.release, full));
  full.smbios1 ??= `uuid=${world.random.uuid()}`;
  if (full.vmgenid === undefined || full.vmgenid === '1') full.vmgenid = world.random.uuid();
  return full;
}
