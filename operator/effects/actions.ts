import { type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import type { Claim } from '#api/proxmox-cluster.ts';
import { type KubeClient, unchangedSince } from '#kube/client.ts';
import { isNotFound } from '#kube/errors.ts';
import { formatSize } from '#proxmox/size.ts';
import { parseUpid, type Upid } from '#proxmox/upid.ts';
import type { Action, Finding } from '../core/decision.ts';
import { ended } from '../core/operation.ts';
import type { ActionResult } from '../core/report.ts';
import { failed, isTaken, pending, taken } from '../core/snapshot.ts';
import { finalizer } from '../core/steps/reserve.ts';
import type { Allocator } from './allocator.ts';
import type { ClusterLink } from './cluster-link.ts';
import type { DestroyBrake } from './destroy-brake.ts';
import { notYet } from './looks.ts';
import { toCreation, toParameters } from './machine-config.ts';
import { tellProxmox, writeOperation } from './operations.ts';
import type { QuotaGate } from './quota-gate.ts';
import { letSnapshotGo, type SnapshotAction, tellOfSnapshot, writeSnapshot } from './snapshots.ts';

/** What came of an action: done, refused for a reason, put in line for a task slot, or left since our view was old. */
export type Acted = { result: ActionResult } | { refused: Finding } | { queued: number } | { outdated: true };

/** What actions need beside themselves. */
export interface ActionTools {
  kube: KubeClient;
  link?: ClusterLink;
  allocator: (cluster: string) => Allocator;
  quotas: QuotaGate;
  brake: (cluster: string) => DestroyBrake;
  /** Checked right before each call: a process that has lost its lease changes nothing more. */
  signal: AbortSignal;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Carries out one action. Rejects with ProxmoxError or KubeError. */
export async function carryOut(vm: VirtualMachine, key: string, action: Action, tools: ActionTools): Promise<Acted> {
  tools.signal.throwIfAborted();
  switch (action.kind) {
    case 'addFinalizer':
      return { result: { written: await addFinalizer(tools.kube, vm) } };
    case 'trimQuota':
      await tools.quotas.trim(vm, action.seen, action.confirmed);
      return { result: {} };
    case 'removeFinalizer':
      // In this order: an entry whose resource is gone would only be cleared up in time.
      await tools.quotas.release(vm);
      return { result: { written: await removeFinalizer(tools.kube, vm) } };
    case 'claim': {
      const { namespace = '', name, uid = '' } = vm.metadata;
      const { demand, abandon } = action;
      const request = { uid, namespace, name, demand, ...(abandon && { abandon }) };
      const answer = await tools.allocator(action.cluster).claim(request);
      return isClaim(answer) ? { result: { claim: claimOf(action.cluster, answer) } } : { refused: answer };
    }
    case 'adopt': {
      const { cluster, node, vmid } = action;
      return { result: { claim: { cluster, node, vmid } } };
    }
    case 'recreate':
      return { result: { recreated: true } };
    case 'endOperation': {
      const { operation, failure } = action;
      await writeOperation(tools.kube, operation, ended(operation, failure, tools.now()));
      return { result: {} };
    }
    case 'undertakeCancel':
      return { result: { cancelling: true } };
    case 'noteTaken':
    case 'noteSnapshot':
    case 'failSnapshot':
    case 'dropSnapshot':
      await tendSnapshot(action, tools);
      return { result: {} };
    default:
      if (!tools.link) throw notYet('the ProxmoxCluster is not connected');
      if (action.kind === 'operate') return operate(vm, key, action, tools.link, tools);
      if (action.kind === 'takeSnapshot' || action.kind === 'removeSnapshot') {
        return tell(key, action, tools.link, tools);
      }
      if (action.kind === 'followOperation') return follow(key, action, tools.link, tools);
      if (action.kind === 'destroy') {
        const held = tools.brake(tools.link.name).ask(action.vmid, vm.metadata.uid);
        if (held) return { refused: held };
      }
      if (action.kind === 'configure' && action.marks && !(await isWanted(tools.kube, vm))) return { outdated: true };
      return inProxmox(key, action, tools.link);
  }
}

/**
 * Whether the resource is still there and to stay, by what the API server says itself: another operator may have let the
 * machine go, or its watch may be late, and then what carries no marker is nobody's to take.
 */
async function isWanted(kube: KubeClient, { metadata }: VirtualMachine): Promise<boolean> {
  try {
    const now = await kube.get<VirtualMachine>(virtualMachines, metadata);
    return now.metadata.uid === metadata.uid && now.metadata.deletionTimestamp === undefined;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

const isClaim = (answer: Claim | Finding): answer is Claim => 'vmid' in answer;

const claimOf = (cluster: string, { vmid, node, cpu, memoryMiB }: Claim) => ({
  cluster,
  vmid,
  node,
  allocation: { cpu, memoryMiB },
});

type SnapshotKind = SnapshotAction['kind'] | SnapshotNote['kind'];

type SnapshotNote = Action & { kind: 'noteTaken' | 'noteSnapshot' | 'failSnapshot' | 'dropSnapshot' };

type ProxmoxAction = Exclude<
  Action,
  {
    kind:
      | 'addFinalizer'
      | 'removeFinalizer'
      | 'adopt'
      | 'recreate'
      | 'trimQuota'
      | 'claim'
      | 'undertakeCancel'
      | 'operate'
      | 'followOperation'
      | 'endOperation'
      | SnapshotKind;
  }
>;

/** Tells Proxmox of an operation; one whose task is not known holds no slot. */
async function operate(
  { metadata }: VirtualMachine,
  key: string,
  action: Action & { kind: 'operate' },
  link: ClusterLink,
  { kube, now }: ActionTools,
): Promise<Acted> {
  const place = link.slots.take(key);
  if (place > 0) return { queued: place };
  let upid: Upid | undefined;
  try {
    upid = await tellProxmox(kube, link, { ...action, vmUid: metadata.uid, now: now() });
  } finally {
    if (upid === undefined) link.slots.release(key);
  }
  return upid === undefined ? { outdated: true } : { result: watched(link, upid, key) };
}

/** Writes what is to be said of a snapshot, or lets it go. */
async function tendSnapshot(action: SnapshotNote, { kube, quotas, now }: ActionTools): Promise<void> {
  const { snapshot } = action;
  switch (action.kind) {
    case 'noteTaken':
      await writeSnapshot(kube, snapshot, taken(snapshot, action.line, now()));
      return;
    case 'noteSnapshot':
      await writeSnapshot(kube, snapshot, pending(snapshot, action.note, now()));
      return;
    case 'failSnapshot':
      if (!isTaken(snapshot)) await quotas.releaseSnapshot(snapshot);
      await writeSnapshot(kube, snapshot, failed(snapshot, action.failure, now()));
      return;
    case 'dropSnapshot':
      // In this order: an entry whose resource is gone would only be cleared up in time.
      await quotas.releaseSnapshot(snapshot);
      await letSnapshotGo(kube, snapshot);
  }
}

/** Tells Proxmox of a snapshot; one whose task is not known holds no slot. */
async function tell(key: string, action: SnapshotAction, link: ClusterLink, tools: ActionTools): Promise<Acted> {
  const place = link.slots.take(key);
  if (place > 0) return { queued: place };
  let upid: Upid | undefined;
  try {
    const release = () => tools.quotas.releaseSnapshot(action.snapshot);
    upid = await tellOfSnapshot({ kube: tools.kube, link, release, now: tools.now() }, action);
  } finally {
    if (upid === undefined) link.slots.release(key);
  }
  return upid === undefined ? { outdated: true } : { result: watched(link, upid, key) };
}

/** Takes up the task of an operation that an operator before us has begun. */
async function follow(
  key: string,
  { operation, upid }: Action & { kind: 'followOperation' },
  link: ClusterLink,
  { kube }: ActionTools,
): Promise<Acted> {
  if (operation.status?.upid !== upid) {
    const noted = await writeOperation(kube, operation, { ...operation.status, upid });
    if (!noted) return { outdated: true };
  }
  link.slots.hold(key);
  return { result: watched(link, upid as Upid, key) };
}

function watched(link: ClusterLink, upid: Upid, key: string): ActionResult {
  link.watchTask(upid, key);
  const { type, node } = parseUpid(upid);
  return { task: { upid, type, node }, started: type === 'qmstart' };
}

async function inProxmox(key: string, action: ProxmoxAction, link: ClusterLink): Promise<Acted> {
  const { client } = link;
  switch (action.kind) {
    case 'configure': {
      const { set, delete: deleted } = toParameters(action.change);
      await client.configure(action.node, action.vmid, { set, delete: deleted, digest: action.digest });
      return { result: {} };
    }
    case 'cancelTask':
      await client.cancelTask(action.upid as Upid);
      return { result: {} };
    case 'followMaking':
      link.slots.hold(key);
      return { result: watched(link, action.upid as Upid, key) };
    case 'clone': {
      const { node, templateVmid, vmid, name, description, full, target, storage, pool } = action;
      const options = { newid: vmid, name, description, full, target, storage, pool };
      return inPool(pool, link, () => inSlot(key, link, () => client.clone(node, templateVmid, options), templateVmid));
    }
    case 'create': {
      const { node, vmid, machine, pool } = action;
      const create = () => client.create(node, vmid, toCreation(machine), { pool });
      return inPool(pool, link, () => inSlot(key, link, create));
    }
    case 'createPool':
      await link.pools.create(action.pool, action.comment);
      return { result: {} };
    case 'joinPool':
      await client.joinPool(action.pool, action.vmid);
      return { result: {} };
    case 'resize': {
      const change = { disk: action.disk, size: formatSize(action.sizeMiB * 2 ** 20), digest: action.digest };
      return inSlot(key, link, () => client.resize(action.node, action.vmid, change));
    }
    case 'start':
      return inSlot(key, link, () => client.start(action.node, action.vmid));
    case 'stop':
      return inSlot(key, link, () => client.stop(action.node, action.vmid));
    case 'pause':
      return inSlot(key, link, () => client.suspend(action.node, action.vmid));
    case 'resume':
      return inSlot(key, link, () => client.resume(action.node, action.vmid));
    case 'shutdown': {
      const options = { timeoutSeconds: action.timeoutSeconds, forceStop: action.force };
      return inSlot(key, link, () => client.shutdown(action.node, action.vmid, options));
    }
    case 'destroy': {
      const options = { purge: true, destroyUnreferencedDisks: true };
      return inSlot(key, link, () => client.destroy(action.node, action.vmid, options));
    }
  }
}

/** Makes a machine in a pool; if that fails it may be the pool that was removed. */
async function inPool(pool: string | undefined, link: ClusterLink, make: () => Promise<Acted>): Promise<Acted> {
  try {
    return await make();
  } catch (error) {
    if (pool !== undefined) link.pools.forget(pool);
    throw error;
  }
}

/** Starts a task if there is a slot for it; the slot is given back when the task has ended. */
async function inSlot(key: string, link: ClusterLink, start: () => Promise<Upid>, template?: number): Promise<Acted> {
  const place = link.slots.take(key, template);
  if (place > 0) return { queued: place };
  try {
    const upid = await start();
    return { result: watched(link, upid, key) };
  } catch (error) {
    link.slots.release(key);
    throw error;
  }
}

function addFinalizer(kube: KubeClient, vm: VirtualMachine): Promise<VirtualMachine> {
  const finalizers = [...(vm.metadata.finalizers ?? []), finalizer];
  return kube.patch(virtualMachines, vm.metadata, [
    unchangedSince(vm.metadata),
    { op: 'add', path: '/metadata/finalizers', value: finalizers },
  ]);
}

function removeFinalizer(kube: KubeClient, vm: VirtualMachine): Promise<VirtualMachine> {
  const finalizers = (vm.metadata.finalizers ?? []).filter(name => name !== finalizer);
  return kube.patch(virtualMachines, vm.metadata, [
    unchangedSince(vm.metadata),
    { op: 'replace', path: '/metadata/finalizers', value: finalizers },
  ]);
}
