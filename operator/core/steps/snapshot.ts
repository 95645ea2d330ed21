import type { VmSnapshot } from '#api/kinds.ts';
import { snapshotCharge } from '#api/ledger.ts';
import { type Finding, lookAt, type Verdict } from '../decision.ts';
import type { MachineConfig } from '../machine.ts';
import { identify, markerOf } from '../marker.ts';
import type { Observed, SnapshotLine } from '../observed.ts';
import { evaluate, refusal, type Violation } from '../quota/evaluate.ts';
import { isBerthSnapshot, isTaken, snapshotNameOf } from '../snapshot.ts';
import { lastTaskOf } from './task.ts';

/** How often a machine is looked at that a snapshot waits for. */
const waitingMs = 2_000;

/** How long a call may still land whose answer never came: longer than any call is waited for. */
const landingMs = 60_000;

/** Failures that say nothing about the snapshot: Proxmox had the machine locked, or ended its own worker. */
const passing = /is locked|can't lock file|cfs-lock|interrupted by signal|unexpected status|already used/;

/** Where the machine is. */
interface Place {
  node: string;
  vmid: number;
  config: MachineConfig;
}

/**
 * Takes the snapshots that people ask for, and removes those that they delete, one at a time. A snapshot is found by a
 * name that only its resource has: whatever answer was lost, it is taken once, and nobody else's is touched.
 */
export function snapshots(o: Observed): Verdict | undefined {
  const { snapshot, vm, config } = o;
  const vmid = vm.status?.vmid;
  if (!snapshot || vmid === undefined || vm.status?.createdAt === undefined) return undefined;
  if (config === undefined) return lookAt('config');
  if (!config.found) return undefined;
  if (identify(config.config, markerOf(vm, o.clusterId), vm.status.uuid) !== 'ours') {
    const message = `VM ${vmid} in Proxmox is not the machine of this resource.`;
    return snapshot.metadata.deletionTimestamp ? undefined : over(snapshot, { reason: 'VMIDConflict', message });
  }
  if (o.snapshots === undefined) return lookAt('snapshots');
  const found = o.snapshots.find(({ name }) => name === snapshotNameOf(snapshot));
  const place = { node: config.node, vmid, config: config.config };
  return snapshot.metadata.deletionTimestamp ? remove(o, snapshot, place, found) : take(o, snapshot, place, found);
}

function take(o: Observed, snapshot: VmSnapshot, place: Place, found: SnapshotLine | undefined): Verdict | undefined {
  if (found && found.state === undefined) {
    return { action: { kind: 'noteTaken', snapshot, line: found }, outcome: { kind: 'done' } };
  }
  if (place.config.lock !== undefined) return awaitLock(o, snapshot, place, found);
  if (found) return removal(snapshot, place, true);
  const failure = failureOf(o, snapshot);
  if (failure) return over(snapshot, { reason: 'TaskFailed', message: `Proxmox says: ${failure}.` });
  const memory = snapshot.spec.memory === 'Include';
  if (memory && o.power === undefined) return lookAt('power');
  if (memory && o.power === 'Stopped') return isOff(o, snapshot);
  const noRoom = unlessRoom(o, snapshot);
  if (noRoom) return noRoom;
  const { node, vmid } = place;
  return { action: { kind: 'takeSnapshot', snapshot, node, vmid, memory }, outcome: { kind: 'done' } };
}

/**
 * The quota's grant comes before Proxmox is told, and is asked for live. A snapshot that does not fit has failed: one that
 * is taken at some later moment is not the one that was asked for. Where nothing is counted, Proxmox' own list is.
 */
function unlessRoom({ snapshotRoom: room, snapshots: present = [], vm }: Observed, snapshot: VmSnapshot) {
  if (room === undefined) return lookAt('snapshotRoom');
  if (!room.granted) return waits.has(room.reason) ? wait(snapshot, room) : over(snapshot, room);
  const violations = tooManyInProxmox(vm.metadata.name, present, room.maxPerVM);
  if (violations.length === 0) return undefined;
  return over(snapshot, { reason: 'QuotaExceeded', message: refusal('VmPolicy "default"', violations) });
}

/** Holds a machine to its most by the snapshots of ours that Proxmox has. */
function tooManyInProxmox(snapshotOf: string, present: SnapshotLine[], maxPerVM: number | undefined): Violation[] {
  if (maxPerVM === undefined) return [];
  const charge = snapshotCharge(snapshotOf);
  const there = present.filter(isBerthSnapshot).map(({ name }) => ({ name, uid: name, ...bound, ...charge }));
  return evaluate({ maxPerVM }, there, { name: 'one more', uid: '', snapshotOf }).violations;
}

const bound = { state: 'Bound', generation: 0 } as const;

/** Refusals that pass by themselves. */
const waits = new Set(['QuotaNotReady', 'Outdated']);

/** One that should run is started first; any other has no memory to keep. */
function isOff({ vm }: Observed, snapshot: VmSnapshot): Verdict | undefined {
  if (vm.spec.powerState === 'Running') return undefined;
  const message = 'The machine is off: only one that runs has memory to include. Take it with memory: Exclude.';
  return over(snapshot, { reason: 'NotRunning', message });
}

function remove(o: Observed, snapshot: VmSnapshot, place: Place, found: SnapshotLine | undefined): Verdict {
  if (!found) {
    const landsUntil = isTaken(snapshot) ? 0 : Date.parse(snapshot.status?.startedAt ?? '') + landingMs;
    if (landsUntil > o.now && snapshot.status?.upid === undefined) {
      return wait(snapshot, { reason: 'Deleting', message: 'It may still be taken: Proxmox has not answered.' });
    }
    return { action: { kind: 'dropSnapshot', snapshot }, outcome: { kind: 'done' } };
  }
  if (place.config.lock !== undefined) return awaitLock(o, snapshot, place, found);
  const failure = failureOf(o, snapshot);
  if (failure)
    return over(snapshot, { reason: 'DeleteFailed', message: `Proxmox says: ${failure}. It is tried again.` });
  return removal(snapshot, place, found.state !== undefined);
}

/** `force` is what it takes to remove what a worker has left that died. */
function removal(snapshot: VmSnapshot, { node, vmid }: Place, force: boolean): Verdict {
  return { action: { kind: 'removeSnapshot', snapshot, node, vmid, force }, outcome: { kind: 'done' } };
}

/** What Proxmox says of the task that was begun for this snapshot, if it failed for a reason of its own. */
function failureOf(o: Observed, { status }: VmSnapshot): string | undefined {
  const last = lastTaskOf(o);
  if (last?.result !== 'Failed' || last.upid !== status?.upid) return undefined;
  // It was told already, and is tried again since.
  if (status.finishedAt !== undefined && status.finishedAt >= last.finishedAt) return undefined;
  const message = last.message ?? 'the task failed';
  return passing.test(message) ? undefined : message;
}

/** A lock is waited for; one that a dead worker of ours has left can be removed by root only. */
function awaitLock(o: Observed, snapshot: VmSnapshot, place: Place, found: SnapshotLine | undefined): Verdict {
  const { node, vmid, config } = place;
  const { lock = '' } = config;
  const isOfOurs = found?.state !== undefined && lock.startsWith('snapshot');
  if (isOfOurs && o.snapshotWorker === undefined) return lookAt('snapshotWorker');
  if (!isOfOurs || o.snapshotWorker?.running) {
    return wait(snapshot, { reason: 'LockedByTask', message: `Proxmox has locked the machine (${lock}).` });
  }
  const message = `The worker that was at a snapshot of VM ${vmid} died and left the lock "${lock}". Run on ${node}: qm unlock ${vmid}`;
  return wait(snapshot, { reason: 'StuckLock', message });
}

/** The change of the snapshot wakes its machine. */
const over = (snapshot: VmSnapshot, { reason, message }: Finding): Verdict => ({
  action: { kind: 'failSnapshot', snapshot, failure: { reason, message } },
  outcome: { kind: 'done' },
});

const wait = (snapshot: VmSnapshot, { reason, message }: Finding): Verdict => ({
  action: { kind: 'noteSnapshot', snapshot, note: { reason, message } },
  outcome: { kind: 'again', afterMs: waitingMs, reason: 'a snapshot' },
});
