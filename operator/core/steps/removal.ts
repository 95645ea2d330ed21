import { act, lookAt, next, stall, type Verdict, waitFor } from '../decision.ts';
import { berthTag } from '../desired-config.ts';
import type { MachineConfig } from '../machine.ts';
import { carries, identify, markerOf, withoutMarker } from '../marker.ts';
import type { Observed } from '../observed.ts';
import { isAdopting } from './adopt.ts';
import { isBeingMade, stuckLock } from './provision.ts';
import { finalizer } from './reserve.ts';
import { awaitTask, holdAfterFailure } from './task.ts';

const removeFinalizer: Verdict = { action: { kind: 'removeFinalizer' }, outcome: { kind: 'done' } };

/** Nothing of ours is left to remove, or the finalizer is gone already. */
export function finished({ vm }: Observed): Verdict | undefined {
  if (!vm.metadata.finalizers?.includes(finalizer)) return { outcome: { kind: 'done' } };
  return vm.status?.vmid === undefined ? removeFinalizer : undefined;
}

/** Tasks that the removal itself has started or cancelled, and told of. */
const ofRemoval = new Set(['qmclone', 'qmcreate', 'qmstop', 'qmdestroy']);

/** Tasks that make a machine: while one runs its machine must not be destroyed, but the task can be cancelled. */
const makings = new Set(['qmclone', 'qmcreate']);

/** How soon to look again whether another operator has cancelled the clone. */
const othersCancelMs = 10_000;

/**
 * A making in progress is cancelled, never destroyed under its worker; any other task is left to end. Who cancels has
 * undertaken it in the status before: of two operators at once only one does.
 */
export function endTask(o: Observed): Verdict | undefined {
  const open = o.vm.status?.task;
  if (!makings.has(open?.type ?? '') || !open || o.task.state !== 'running' || o.task.cancel === 'sent') {
    const waiting = awaitTask(o);
    if (!waiting || ofRemoval.has(open?.type ?? '')) return waiting;
    const message = `It is removed when a task of its own has ended (${open?.type}).`;
    return { ...waiting, finding: { reason: 'Deleting', message } };
  }
  if (o.task.cancel === 'theirs') return { outcome: { kind: 'again', afterMs: othersCancelMs, reason: 'Cancelling' } };
  const message = 'Its making is being cancelled.';
  if (o.task.cancel === 'ours') return act({ kind: 'cancelTask', upid: open.upid }, 'Cancelling', message);
  return act({ kind: 'undertakeCancel' }, 'Cancelling', message, next);
}

/** A failed step of the removal is named and left alone for a while. */
export const holdFailedRemoval = (o: Observed): Verdict | undefined => holdAfterFailure(o, ['qmstop', 'qmdestroy']);

/** The machine is gone, by positive proof only; or it is let go. */
export function remove(o: Observed): Verdict | undefined {
  const { vm, config } = o;
  const vmid = vm.status?.vmid ?? 0;
  if (config === undefined) return lookAt('config');
  if (!config.found) return proveGone(o, vmid);
  const marker = markerOf(vm, o.clusterId);
  switch (identify(config.config, marker, vm.status?.uuid)) {
    case 'foreign':
      // It was never made ours.
      if (isAdopting(o)) return removeFinalizer;
      return stall('VMIDConflict', `VM ${vmid} in Proxmox is not the machine of this resource; it is left alone.`);
    case 'undecided':
      if (isAdopting(o)) return removeFinalizer;
      return awaitWorker(o, vmid);
    case 'ours': {
      const { lock } = config.config;
      if (isBeingMade(config.config)) return awaitWorker(o, vmid);
      if (lock !== undefined) return waitFor(5_000, 'LockedByTask', `Proxmox has locked the machine (${lock}).`);
      const at = { node: config.node, vmid };
      if (vm.spec.deletionPolicy === 'Retain')
        return letGo(at, config.config, carries(config.config.description, marker));
      return destroy(o, at, config.config);
    }
  }
}

/**
 * A making whose UPID was lost is taken up again where its log tells which one it is, and then cancelled; else it is
 * waited for. What a dead worker left locked, root must unlock first.
 */
function awaitWorker(o: Observed, vmid: number): Verdict {
  if (o.worker === undefined) return lookAt('worker');
  if (o.worker.running) {
    const { upid, candidates } = o.worker;
    const message = `Proxmox is still making VM ${vmid}.`;
    if (upid) return act({ kind: 'followMaking', upid }, 'Deleting', message, next);
    const help = `Should that never end: none of its tasks names the VMID, so one of these has to be stopped there by hand: ${candidates.join(', ')}.`;
    return waitFor(2_000, 'Deleting', `${message} ${help}`);
  }
  return stall('StuckLock', stuckLock(vmid, o.config));
}

function proveGone(o: Observed, vmid: number): Verdict {
  if (o.absence === undefined) return lookAt('absence');
  if (o.absence.proven) return removeFinalizer;
  return waitFor(5_000, 'ProxmoxUnavailable', `VM ${vmid} cannot be seen, but it may exist: ${o.absence.message}`);
}

type Place = { node: string; vmid: number };

/** DELETE takes no digest, so protection is lifted by a write that does, right before it. */
function destroy(o: Observed, at: Place, { digest, protection }: MachineConfig): Verdict {
  if (o.power === undefined) return lookAt('power');
  if (o.power !== 'Stopped') return act({ kind: 'stop', ...at }, 'Stopping', 'The machine is being stopped.');
  if (protection) {
    const unprotect = { kind: 'configure', ...at, digest, change: { protection: false } } as const;
    return act(unprotect, 'Deleting', 'The machine is being unprotected.', next);
  }
  return act({ kind: 'destroy', ...at }, 'Deleting', 'The machine and its disks are being removed.');
}

/** A retained machine keeps running; what made it ours is taken off. */
function letGo(at: Place, { digest, protection, description, tags }: MachineConfig, marked: boolean): Verdict {
  if (!marked && !protection) return removeFinalizer;
  const change = {
    description: withoutMarker(description),
    protection: false,
    tags: tags.filter(tag => tag !== berthTag),
  };
  return act({ kind: 'configure', ...at, digest, change }, 'Releasing', 'The machine is being let go.', next);
}
