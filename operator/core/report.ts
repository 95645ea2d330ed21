import type { VirtualMachine } from '#api/kinds.ts';
import type { VirtualMachineStatus } from '#api/virtual-machine-status.ts';
import { type ConditionUpdate, withConditions } from './conditions.ts';
import type { Decision } from './decision.ts';
import { guestUpdate } from './guest.ts';
import { heldSize } from './held-size.ts';
import type { MachineSize } from './machine.ts';
import { identify, markerOf } from './marker.ts';
import type { Observed } from './observed.ts';
import { restartRequiredFor } from './pending.ts';
import { printableStatus } from './printable-status.ts';
import { lastTaskOf } from './steps/task.ts';

/** What an action brought about that the status must tell. */
export interface ActionResult {
  claim?: { cluster: string; vmid: number; node: string; allocation?: MachineSize };
  task?: { upid: string; type: string; node: string };
  started?: boolean;
  /** Whether we undertook to cancel the open task. */
  cancelling?: boolean;
  /** Its place in the line for a task slot, from 1. */
  place?: number;
  /** Whether the machine is to be made anew. */
  recreated?: boolean;
  /** The resource as it stands after a write to something else than its status. */
  written?: VirtualMachine;
}

/** What each condition says while it holds, by its reason where that says more. */
const holdingMessages: Record<string, string> = {
  QuotaReserved: 'The quota has room for the machine.',
  Scheduled: 'A node and a VMID are claimed.',
  Provisioned: 'The machine exists in Proxmox.',
  ConfigSynced: 'The configuration is as desired.',
  PowerSynced: 'The power state is as desired.',
  Unmanaged: 'The power state is as people have it in Proxmox.',
};

/**
 * The status after a pass, or undefined when there is nothing new to say. Pure: everything that it tells was observed,
 * decided or brought about in this pass.
 */
export function statusOf(o: Observed, decision: Decision, result: ActionResult): VirtualMachineStatus | undefined {
  const before = o.vm.status ?? {};
  if (result.written || !tells(o, decision, result)) return undefined;
  const { updates, removed } = conditionUpdates(decision);
  const generation = o.vm.metadata.generation;
  const facts = observedFacts(o, decision, result);
  const guest = guestUpdate(o, decision, facts.powerState ?? before.powerState);
  if (guest) updates.push(guest.condition);
  const after: VirtualMachineStatus = {
    ...before,
    ...facts,
    ...guest?.facts,
    observedGeneration: generation,
    conditions: withConditions(before.conditions ?? [], updates, removed, generation, o.now),
    printableStatus: printableStatus(o, decision, facts.powerState ?? before.powerState),
  };
  after.queuePosition = result.place;
  after.task = openTask(o, result);
  after.lastTask = lastTaskOf(o);
  return JSON.stringify(ordered(after)) === JSON.stringify(ordered(before)) ? undefined : after;
}

/** A pass that held still, looked at nothing and did nothing has nothing to tell. */
function tells({ task, guest }: Observed, { heldBy, finding }: Decision, result: ActionResult): boolean {
  return (
    heldBy === undefined ||
    guest !== undefined ||
    finding !== undefined ||
    task.state === 'ended' ||
    Object.keys(result).length > 0
  );
}

/** The conditions that do not hold, whatever an earlier step said of them. */
function heldConditionsOf({ finding, conditions, condition, heldBy }: Decision): string[] {
  const about = conditions ?? [condition ?? heldBy?.condition];
  return finding ? about.filter(type => type !== undefined) : [];
}

function conditionUpdates(decision: Decision): {
  updates: ConditionUpdate[];
  removed: string[];
} {
  const { heldBy, holding, finding, outcome } = decision;
  const heldConditions = heldConditionsOf(decision);
  const held = holding.filter(({ condition: type }) => !heldConditions.includes(type));
  const updates: ConditionUpdate[] = held.map(({ condition: type, reason, status = 'True', message }) => ({
    type,
    status,
    reason,
    message: message ?? holdingMessages[reason] ?? holdingMessages[type] ?? '',
  }));
  if (!heldBy) {
    updates.push({ type: 'Ready', status: 'True', reason: 'Synced', message: 'The machine is as desired.' });
    return { updates, removed: ['Reconciling', 'Stalled', 'Missing'] };
  }
  if (!finding) return { updates, removed: [] };
  const { reason, message } = finding;
  const unknown = reason === 'ProxmoxUnavailable';
  const status = unknown ? 'Unknown' : 'False';
  updates.push(...heldConditions.map(type => ({ type, status, reason, message }) as const));
  if (reason === 'Missing') updates.push({ type: 'Missing', status: 'True', reason: 'RemovedInProxmox', message });
  if (outcome.kind === 'stalled') {
    updates.push({ type: 'Ready', status, reason, message }, { type: 'Stalled', status: 'True', reason, message });
    return { updates, removed: ['Reconciling'] };
  }
  const retrying = unknown || heldBy.notReady === 'Failed' || outcome.kind === 'retry';
  updates.push(
    { type: 'Ready', status, reason: unknown ? reason : heldBy.notReady, message },
    { type: 'Reconciling', status: 'True', reason: retrying ? 'Retrying' : 'Progressing', message },
  );
  return { updates, removed: ['Stalled', 'Missing'] };
}

function observedFacts(o: Observed, decision: Decision, result: ActionResult): Partial<VirtualMachineStatus> {
  const { vm, config, power, template } = o;
  const { holding } = decision;
  const now = new Date(o.now).toISOString();
  const facts: Partial<VirtualMachineStatus> = {};
  if (result.claim) Object.assign(facts, result.claim);
  if (result.claim && template?.usable && vm.spec.source.template) {
    facts.template = { name: vm.spec.source.template.name, vmid: template.vmid };
  }
  if (result.started) facts.lastStartedAt = now;
  if (result.recreated) Object.assign(facts, { createdAt: undefined, lastStartedAt: undefined });
  // A machine that was never started is off without anybody having looked.
  if (holding.some(({ condition }) => condition === 'PowerSynced')) {
    const { powerState } = vm.spec;
    facts.powerState = powerState === 'Unmanaged' ? (vm.status?.powerState ?? 'Stopped') : powerState;
  }
  if (power) facts.powerState = power;
  if (config?.found && identify(config.config, markerOf(vm, o.clusterId), vm.status?.uuid) === 'ours') {
    facts.node = config.node;
    if (config.config.uuid) facts.uuid = config.config.uuid;
    facts.allocation = heldSize(o);
  }
  if (o.pending) facts.restartRequiredFor = restartRequiredFor(o);
  if (facts.powerState === 'Stopped') facts.restartRequiredFor = undefined;
  const configured = holding.some(({ condition }) => condition === 'ConfigSynced');
  // It may be configured, and not be in its pool.
  const provisioned = !heldConditionsOf(decision).includes('Provisioned');
  if (configured && provisioned && vm.status?.createdAt === undefined) facts.createdAt = now;
  return facts;
}

function openTask(
  { vm, task, now }: Observed,
  { task: started, cancelling }: ActionResult,
): VirtualMachineStatus['task'] {
  const at = new Date(now).toISOString();
  if (started) return { ...started, startedAt: at };
  if (cancelling && vm.status?.task) return { ...vm.status.task, cancelledAt: at };
  return task.state === 'ended' ? undefined : vm.status?.task;
}

/** The value with its keys in order and without what is undefined, so that equal values look equal. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => [key, ordered(member)]),
  );
}
