import type { VmOperation, VmSnapshot } from '#api/kinds.ts';
import { type Finding, lookAt, type Verdict } from '../decision.ts';
import type { MachineConfig } from '../machine.ts';
import type { Observed } from '../observed.ts';
import { isTaken, ownerUidOf, snapshotNameOf } from '../snapshot.ts';

/** What a rollback goes to, by its name in Proxmox; why it cannot; or what must be seen to tell. */
export type RollbackTarget = { snapshotName: string } | { refused: Finding } | { look: Verdict };

/**
 * Whether a machine may be taken back to a snapshot. Disks shrink again and the configuration comes back with them, so
 * nothing may come back that is larger than what the machine is charged with, and nothing may fall off it.
 */
export function rollbackTarget(o: Observed, operation: VmOperation, config: MachineConfig): RollbackTarget {
  // Live: a watch that lags would have a snapshot refused that was just taken.
  if (o.rollbackTo === undefined) return { look: lookAt('rollbackTo') };
  const { snapshot } = o.rollbackTo;
  const unusable = unusableOf(snapshot, o.vm, operation);
  if (unusable) return { refused: unusable };
  if (o.snapshots === undefined) return { look: lookAt('snapshots') };
  const snapshotName = snapshot ? snapshotNameOf(snapshot) : '';
  const found = o.snapshots.find(({ name }) => name === snapshotName);
  if (!found) return refuse('SnapshotMissing', 'The snapshot was removed in Proxmox.');
  if (found.state !== undefined) return refuse('SnapshotNotReady', 'The snapshot is not complete in Proxmox.');
  if (found.memory && o.vm.spec.powerState === 'Stopped') {
    const message =
      'The snapshot holds memory, so that the machine would run after it; set spec.powerState to Running first.';
    return refuse('NotRunning', message);
  }
  if (o.snapshotConfig === undefined) return { look: lookAt('snapshotConfig') };
  const misfit = misfitOf(o, config, o.snapshotConfig);
  return misfit ? refuse('SnapshotMisfit', misfit) : { snapshotName };
}

const refuse = (reason: string, message: string): RollbackTarget => ({ refused: { reason, message } });

function unusableOf(snapshot: VmSnapshot | undefined, vm: Observed['vm'], { spec }: VmOperation): Finding | undefined {
  const name = spec.rollback?.snapshotName;
  if (!snapshot) return { reason: 'SnapshotNotFound', message: `There is no VmSnapshot "${name}".` };
  if (snapshot.spec.vmName !== vm.metadata.name) {
    const message = `The VmSnapshot "${name}" is of the machine "${snapshot.spec.vmName}".`;
    return { reason: 'SnapshotNotFound', message };
  }
  if (snapshot.metadata.deletionTimestamp) {
    return { reason: 'SnapshotNotReady', message: `The VmSnapshot "${name}" is being deleted.` };
  }
  if (isTaken(snapshot) && ownerUidOf(snapshot) === vm.metadata.uid) return undefined;
  return { reason: 'SnapshotNotReady', message: `The VmSnapshot "${name}" was not taken of this machine.` };
}

function misfitOf({ vm }: Observed, now: MachineConfig, then: MachineConfig): string | undefined {
  const cpus = ({ cores, sockets }: MachineConfig) => cores * sockets;
  if (cpus(then) > cpus(now)) {
    return `The snapshot has ${cpus(then)} CPUs, and the machine ${cpus(now)}; set spec.resources.cpu to ${cpus(then)} first.`;
  }
  if (then.memoryMiB > now.memoryMiB) {
    return `The snapshot has ${then.memoryMiB} MiB of memory, and the machine ${now.memoryMiB}; set spec.resources.memory to ${then.memoryMiB}Mi first.`;
  }
  const volumes = new Set(then.disks.map(({ volume }) => volume));
  const newer = now.disks.filter(({ volume }) => !volumes.has(volume)).map(({ serial, key }) => serial ?? key);
  if (newer.length === 0) return undefined;
  return `The machine "${vm.metadata.name}" has disks that came after the snapshot and would be taken off it: ${newer.join(', ')}.`;
}
