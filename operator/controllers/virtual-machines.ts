import type { ProxmoxCluster, VirtualMachine, VmOperation, VmQuota, VmSnapshot, VmTemplate } from '#api/kinds.ts';
import { findAllocation } from '#api/ledger.ts';
import type { KubeClient } from '#kube/client.ts';
import type { Outcome as QueueOutcome, ReconcileContext } from '#kube/controller.ts';
import type { EventRecorder } from '#kube/events.ts';
import type { OwnWrites } from '#kube/own-writes.ts';
import { formatKey, keyOf } from '#kube/resource.ts';
import type { Store } from '#kube/store.ts';
import { ProxmoxError } from '#proxmox/errors.ts';
import type { Upid } from '#proxmox/upid.ts';
import { clusterOf, isCluster } from '../core/cluster-of.ts';
import { type Decision, type Outcome, queued } from '../core/decision.ts';
import { correctionOf } from '../core/drift.ts';
import { happenings } from '../core/events.ts';
import { failureVerdict } from '../core/failure.ts';
import type { GrowthView, Look, Observed, TaskView } from '../core/observed.ts';
import { currentOperation } from '../core/operation.ts';
import { plan } from '../core/plan.ts';
import { type ActionResult, statusOf } from '../core/report.ts';
import { currentSnapshot } from '../core/snapshot.ts';
import { growthOf } from '../core/steps/ceiling.ts';
import { isReady } from '../core/steps/settled.ts';
import { type Acted, carryOut } from '../effects/actions.ts';
import type { Allocator } from '../effects/allocator.ts';
import { readPassword } from '../effects/cloud-init-secret.ts';
import type { ClusterLink } from '../effects/cluster-link.ts';
import type { DestroyBrake } from '../effects/destroy-brake.ts';
import { guestInMs, guestTurn, inquire } from '../effects/guest-turns.ts';
import { lookAt, notYet, type Others } from '../effects/looks.ts';
import type { MachineMemory } from '../effects/memory.ts';
import { useOfNode } from '../effects/node-capacity.ts';
import { type QuotaGate, singleton } from '../effects/quota-gate.ts';
import { readRollbackTarget } from '../effects/snapshots.ts';
import { writeStatus } from '../effects/status-writer.ts';

/** What the controller of VirtualMachines works with. */
export interface MachineControllerParts {
  clusterId: string;
  kube: KubeClient;
  events: EventRecorder;
  machines: Store<VirtualMachine>;
  clusters: Store<ProxmoxCluster>;
  templates: Store<VmTemplate>;
  quotas: Store<VmQuota>;
  operations: Store<VmOperation>;
  snapshots: Store<VmSnapshot>;
  gate: QuotaGate;
  link: (cluster: string) => ClusterLink | undefined;
  allocator: (cluster: string) => Allocator;
  brake: (cluster: string) => DestroyBrake;
  memory: MachineMemory;
  ownWrites: OwnWrites;
  /** Has a machine looked at again. */
  wake: (key: string) => void;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Makes the reconcile of a VirtualMachine: observe, plan, act, report. */
export function machineReconciler(parts: MachineControllerParts) {
  return async (key: string, context: ReconcileContext): Promise<QueueOutcome> => {
    const vm = parts.machines.get(key);
    if (!vm) return { kind: 'done' };
    const observed = observe(parts, vm, key);
    if (!observed) return { kind: 'done' };
    const link = linkOf(parts, observed);
    const { decision, result, place } = await decideAndAct(parts, observed, key, link, context);
    context.log.debug({ step: decision.finding?.reason ?? 'settled', action: decision.action?.kind }, 'decided');
    const quietMs = parts.memory.quietMs(uidOf(vm), place !== undefined && link && place <= link.slots.limits.tasks);
    if (quietMs > 0) return { kind: 'again', afterMs: quietMs, reason: queued };
    if (result.written) noteWrite(parts, result.written);
    const status = statusOf(observed, decision, result);
    if (status) await report(parts, vm, status);
    if (observed.guest && observed.guest.state !== 'asked') parts.memory.guestTold(uidOf(vm));
    if (decision.action?.kind === 'removeFinalizer') tellDeleted(parts, vm);
    const interval = sweepMs(parts, vm);
    const isDue = parts.memory.untilSweep(uidOf(vm), interval) <= 0;
    if (isDue && decision.outcome.kind === 'done') parts.memory.swept(uidOf(vm));
    const after = { ...vm, status: status ?? vm.status };
    const lookMs = Math.min(parts.memory.untilSweep(uidOf(vm), interval), guestInMs(parts.memory, after));
    return settle(decision.outcome, lookMs);
  };
}

const uidOf = (vm: VirtualMachine): string => vm.metadata.uid ?? '';

/** Machines are compared in full no faster than one in so many milliseconds, or the sweep would grow with their number. */
const sweepPaceMs = 5_000;

function sweepMs({ clusters, machines }: MachineControllerParts, vm: VirtualMachine): number {
  const cluster = clusterOf(vm, clusters.list());
  const wishedMs = (isCluster(cluster) ? cluster.spec.sweepSeconds : 600) * 1000;
  return Math.max(wishedMs, machines.size * sweepPaceMs);
}

/** What is known without asking Proxmox; undefined while our own last write has not come back yet. */
function observe(parts: MachineControllerParts, vm: VirtualMachine, key: string): Observed | undefined {
  const { memory, ownWrites, clusters, templates, clusterId } = parts;
  const uid = uidOf(vm);
  const interval = sweepMs(parts, vm);
  if (ownWrites.isPending(key)) return undefined;
  const operation = currentOperation(parts.operations.byIndex('machine', key), vm.metadata.uid);
  const observed: Observed = {
    now: parts.now(),
    clusterId,
    vm,
    clusters: clusters.list(),
    ...(vm.spec.source.template && { vmTemplate: templates.get(vm.spec.source.template.name) }),
    allocation: allocationOf(parts, vm),
    operation,
    snapshot: currentSnapshot(parts.snapshots.byIndex('machine', key), vm.metadata.uid, parts.now()),
    task: { state: 'none' },
    // One in the making is looked at all the time.
    sweep: isReady(vm) && memory.untilSweep(uid, interval) <= 0,
  };
  const link = linkOf(parts, observed);
  if (link?.inventory.latest) observed.inventory = { line: link.line(vm.status?.vmid ?? 0) };
  const cluster = clusters.get(vm.status?.cluster ?? '');
  observed.useOfNode = node => useOfNode(parts.machines.list(), cluster, link?.inventory.latest, node, vm);
  Object.assign(observed, guestTurn(memory, observed));
  observed.nics = memory.of(uid).nics;
  observed.grown = memory.of(uid).grown;
  observed.task = taskView(parts, vm, key, link);
  const isAsked = observed.operation !== undefined || observed.snapshot !== undefined;
  const mustLook = observed.sweep || isAsked || vm.metadata.deletionTimestamp !== undefined;
  observed.config = mustLook ? undefined : memory.validConfig(uid, vm.status);
  return observed;
}

/** The machine's entry in the ledger of its namespace, as far as the watch has told. */
function allocationOf({ quotas }: MachineControllerParts, { metadata: { namespace = '', name } }: VirtualMachine) {
  const quota = quotas.get(formatKey({ namespace, name: singleton }));
  return findAllocation(quota?.status?.allocations, name);
}

function linkOf(parts: MachineControllerParts, { vm, clusters }: Observed): ClusterLink | undefined {
  const cluster = clusterOf(vm, clusters);
  return isCluster(cluster) ? parts.link(cluster.metadata.name) : undefined;
}

/** What became of the task in the status; one that is open is watched, also after a restart. */
function taskView(
  { memory }: MachineControllerParts,
  vm: VirtualMachine,
  key: string,
  link: ClusterLink | undefined,
): TaskView {
  const open = vm.status?.task;
  if (!open) return { state: 'none' };
  const { taskEnd } = memory.of(uidOf(vm));
  if (taskEnd?.upid === open.upid) return taskEnd.view;
  link?.slots.hold(key);
  link?.watchTask(open.upid as Upid, key);
  return { state: 'running', cancel: memory.cancelOf(uidOf(vm), open) };
}

/** What was decided and done; `place` is that in the line for a task slot, where there is one. */
interface Deed {
  decision: Decision;
  result: ActionResult;
  place?: number;
}

/**
 * Decides, sees what the decision asks for, and acts. What is written into a configuration is over with its answer, so
 * that the next step follows at once, without a report in between.
 */
async function decideAndAct(
  parts: MachineControllerParts,
  observed: Observed,
  key: string,
  link: ClusterLink | undefined,
  { signal, log }: ReconcileContext,
): Promise<Deed> {
  const { memory, machines } = parts;
  const uid = uidOf(observed.vm);
  const others: Others = {
    vmids: vmids =>
      new Set(vmids.filter(vmid => machines.byIndex('vmid', String(vmid)).some(vm => vm.metadata.uid !== uid))),
    isAlive: wanted => wanted !== uid && machines.list().some(({ metadata }) => metadata.uid === wanted),
    tasks: () => new Set(machines.list().flatMap(vm => (vm.metadata.uid === uid ? [] : (vm.status?.task?.upid ?? [])))),
  };
  const see = async (what: Exclude<Look, 'quota'>) => {
    if (what === 'growth') {
      observed.growth = await askGrowth(parts, observed);
      return;
    }
    if (what === 'secret') {
      observed.secret = await readPassword(parts.kube, observed.vm);
      return;
    }
    if (what === 'rollbackTo') {
      observed.rollbackTo = { snapshot: await readRollbackTarget(parts.kube, observed) };
      return;
    }
    if (what === 'snapshotRoom') {
      if (observed.snapshot) {
        observed.snapshotRoom = await parts.gate.grantSnapshot(observed.snapshot, { state: 'Bound' });
      }
      return;
    }
    if (!link) throw notYet('the ProxmoxCluster is not connected');
    if (what === 'guest') {
      inquire(memory, observed, link, { wake: () => parts.wake(key), log });
      observed.guest = { state: 'asked' };
      return;
    }
    await lookAt(what, observed, link, others);
    if (what === 'config') memory.config(uid, observed.config, observed.vm.status);
  };
  const askQuota = async () => {
    observed.quota = await parts.gate.grant(observed.vm, { state: 'Bound' });
  };
  let decision = plan(observed);
  let waitsInLine = false;
  try {
    for (let writes = 0; ; writes++) {
      while (decision.look) {
        if (decision.look !== 'quota') await see(decision.look);
        // It is looked at next, whatever the quota says: a person who changes a machine waits for less.
        else if (isThere(observed)) await Promise.all([askQuota(), see('config')]);
        else await askQuota();
        decision = plan(observed);
      }
      if (!decision.action) return { decision, result: {} };
      const { kube, allocator, gate: quotas, brake, now } = parts;
      const tools = { kube, link, allocator, quotas, brake, signal, now };
      const acted = await carryOut(observed.vm, key, decision.action, tools);
      waitsInLine = 'queued' in acted;
      if (decision.action.kind === 'cancelTask') memory.taskCancelled(uid, decision.action.upid);
      if (decision.action.kind === 'resize' && 'result' in acted) memory.toldToGrow(uid, decision.action);
      if (decision.action.kind !== 'configure' || 'outdated' in acted || writes > 0)
        return interpret(observed.vm, decision, acted);
      const drift = correctionOf(observed, decision.action.change);
      if (drift) parts.events.record(observed.vm, drift);
      observed.config = undefined;
      observed.configured = true;
      decision = plan(observed);
    }
  } catch (error) {
    if (!(error instanceof ProxmoxError)) throw error;
    // The signal may have arrived though its answer did not; a second one would hit the worker while it cleans up.
    if (error.outcomeUnknown && decision.action?.kind === 'cancelTask') {
      memory.taskCancelled(uid, decision.action.upid);
    }
    // Whatever we thought we knew may be what it failed for.
    memory.forgetConfig(uid);
    return { decision: { ...decision, look: undefined, ...failureVerdict(error) }, result: {} };
  } finally {
    // What it stood in line for may not be wanted any more.
    if (!waitsInLine) link?.slots.leave(key);
    if (decision.action && !waitsInLine && changesConfig.has(decision.action.kind)) memory.forgetConfig(uid);
  }
}

/** Asks for the room to grow on the machine's node, in the ProxmoxCluster that it lives in. */
async function askGrowth({ allocator }: MachineControllerParts, o: Observed): Promise<GrowthView> {
  const demand = growthOf(o);
  const { cluster, vmid = 0 } = o.vm.status ?? {};
  const [node] = demand?.candidates ?? [];
  if (!demand || node === undefined || cluster === undefined) return { granted: true };
  const { namespace = '', name, uid = '', generation } = o.vm.metadata;
  const answer = await allocator(cluster).claim({ uid, namespace, name, demand, growth: { node, vmid, generation } });
  return 'reason' in answer ? { granted: false, ...answer } : { granted: true };
}

/** Whether the machine was complete once and has not been looked at yet. */
const isThere = ({ vm, config }: Observed): boolean => vm.status?.createdAt !== undefined && config === undefined;

const changesConfig = new Set([
  'clone',
  'create',
  'configure',
  'resize',
  'destroy',
  'cancelTask',
  'operate',
  'followOperation',
]);

/** How long a machine waits that found no place; a change of the cluster or a removal may make one. */
const unschedulableMs = 15_000;

/** How soon a machine is looked at again of which something newer is about to be seen. */
const outdated: Outcome = { kind: 'again', afterMs: 500, reason: 'a newer view' };

function interpret(vm: VirtualMachine, decision: Decision, acted: Acted): Deed {
  if ('result' in acted) return { decision, result: acted.result };
  if ('queued' in acted) {
    // Told once: a place that moves with every task of others would be a write each time.
    const place = vm.status?.queuePosition ?? acted.queued;
    const finding = {
      reason: queued,
      message: `Proxmox is busy with other machines; this one was number ${place} in line.`,
    };
    return { decision: { ...decision, finding, outcome: { kind: 'done' } }, result: { place }, place: acted.queued };
  }
  if ('outdated' in acted) return { decision: { ...decision, finding: undefined, outcome: outdated }, result: {} };
  const { reason } = acted.refused;
  const outcome: Outcome = { kind: 'again', afterMs: unschedulableMs, reason };
  return { decision: { ...decision, finding: acted.refused, outcome }, result: {} };
}

function noteWrite({ ownWrites }: MachineControllerParts, written: VirtualMachine): void {
  const { resourceVersion } = written.metadata;
  if (resourceVersion) ownWrites.note(keyOf(written), resourceVersion);
}

async function report(
  parts: MachineControllerParts,
  vm: VirtualMachine,
  status: NonNullable<VirtualMachine['status']>,
): Promise<void> {
  const { kube, events, allocator, memory } = parts;
  noteWrite(parts, await writeStatus(kube, vm, status));
  if (!isReady(vm) && isReady({ ...vm, status })) memory.compared(uidOf(vm));
  const { task } = status;
  if (task?.cancelledAt && task.cancelledAt !== vm.status?.task?.cancelledAt) memory.cancelUndertaken(uidOf(vm), task);
  for (const note of happenings(vm.status ?? {}, status)) events.record(vm, note);
  const complete = vm.status?.createdAt === undefined && status.createdAt !== undefined;
  if (complete && status.cluster) allocator(status.cluster).release([uidOf(vm)]);
}

function tellDeleted({ events, memory }: MachineControllerParts, vm: VirtualMachine): void {
  const { vmid, node } = vm.status ?? {};
  if (vmid !== undefined) {
    const message =
      vm.spec.deletionPolicy === 'Retain'
        ? `VM ${vmid} on node ${node} was let go; it stays in Proxmox.`
        : `VM ${vmid} and its disks were removed from node ${node}.`;
    events.record(vm, { type: 'Normal', reason: 'Deleted', message });
  }
  memory.forget(uidOf(vm));
}

/** How often a machine is looked at that only somebody else can help; most of what helps wakes it, too. */
const stalledMs = 60_000;

function settle(outcome: Outcome, sweepInMs: number): QueueOutcome {
  if (outcome.kind === 'stalled') return { kind: 'again', afterMs: stalledMs, reason: outcome.reason };
  if (outcome.kind !== 'done') return outcome;
  return { kind: 'again', afterMs: Math.max(sweepInMs, 1_000), reason: 'the next sweep' };
}
