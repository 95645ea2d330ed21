import { z } from 'zod';
import type { Ask } from './ask.ts';
import { flag, maybe, numeric, text, upid } from './lenient.ts';
import type { Upid } from './upid.ts';

/** A snapshot of a VM. */
export interface ListedSnapshot {
  name: string;
  takenAtSeconds: number;
  /** Whether it holds the VM's memory. */
  memory: boolean;
  /** `prepare` or `delete` while a task is at it, and after one that died. */
  state: string | undefined;
}

/**
 * Calls about a VM's snapshots. Each throws ProxmoxError. Nearly all refusals show in how the task ends: a name that is
 * taken, a storage that cannot take snapshots, a lock.
 */
export interface SnapshotCalls {
  /** Those of a VM, without the state of now, which Proxmox lists as `current`. */
  snapshots(node: string, vmid: number): Promise<ListedSnapshot[]>;
  /** A name is a letter, then letters, digits, `-` and `_`, 40 in all. Of a VM that is off, `memory` holds nothing. */
  takeSnapshot(
    node: string,
    vmid: number,
    snapshot: { name: string; description: string; memory: boolean },
  ): Promise<Upid>;
  /** `force` is for what a task left that died: without it Proxmox stumbles over the volumes that have no snapshot. */
  deleteSnapshot(node: string, vmid: number, name: string, options: { force: boolean }): Promise<Upid>;
  /**
   * Stops a VM that runs. With a snapshot that holds memory it runs again afterwards; else it is off. Config and disks
   * are as then, but for the description, which stays as it is now.
   */
  rollback(node: string, vmid: number, name: string): Promise<Upid>;
}

const snapshotsAnswer = z
  .array(z.object({ name: text, snaptime: maybe(numeric), vmstate: flag, snapstate: maybe(text) }))
  .transform(lines =>
    lines
      .filter(({ name }) => name !== 'current')
      .map(({ name, snaptime, vmstate, snapstate }): ListedSnapshot => {
        return { name, takenAtSeconds: snaptime ?? 0, memory: vmstate, state: snapstate };
      }),
  );

/** Binds {@link SnapshotCalls}. */
export function snapshotCalls(ask: Ask): SnapshotCalls {
  return {
    snapshots: (node, vmid) => ask('snapshots', { node, vmid }, {}, snapshotsAnswer),
    takeSnapshot: (node, vmid, { name, description, memory }) =>
      ask('takeSnapshot', { node, vmid }, { snapname: name, description, vmstate: memory }, upid),
    deleteSnapshot: (node, vmid, snapname, { force }) =>
      ask('deleteSnapshot', { node, vmid, snapname }, { force }, upid),
    rollback: (node, vmid, snapname) => ask('rollback', { node, vmid, snapname }, {}, upid),
  };
}
