import { z } from 'zod';
import type { Ask } from './ask.ts';
import { ProxmoxError } from './errors.ts';
import type { Params, ParamValue } from './form.ts';
import { upid } from './lenient.ts';
import { isConfigKey, isSettable } from './settable.ts';
import type { Upid } from './upid.ts';
import {
  type ListedVm,
  listedVmsAnswer,
  pendingAnswer,
  type VmConfig,
  type VmStatus,
  vmConfigAnswer,
  vmStatusAnswer,
} from './vm.ts';

/** Parameters of a clone. A linked clone takes no `storage`, and only a template can have one. */
export interface CloneOptions {
  newid: number;
  /** A DNS name. */
  name: string;
  /** Until the first disk is copied the new VM does not have it. */
  description: string;
  full: boolean;
  /** Another node than the template's, if all its volumes are on shared storage. */
  target?: string | undefined;
  pool?: string | undefined;
  storage?: string | undefined;
}

/** A change of a VM's config: all of it or nothing. */
export interface ConfigChange {
  set: Readonly<Record<string, ParamValue>>;
  delete?: readonly string[];
  /** Of the config that the change was derived from; another one by now is a `conflict`. */
  digest: string;
}

/**
 * Calls about one VM. Each throws ProxmoxError. A {@link Upid} only says that a task began: locks, a wrong disk, a lack
 * of space show in how it ends. start, stop, shutdown and resize of a VM that is not there get one, too.
 */
export interface VmCalls {
  /** The VMs and templates on a node, live. */
  listVms(node: string): Promise<ListedVm[]>;
  /**
   * The config with changes that wait for a restart, as it runs now (`current`), or as a `snapshot` has it. `missing`
   * where there is no such VM.
   */
  vmConfig(node: string, vmid: number, options?: { current?: boolean; snapshot?: string }): Promise<VmConfig>;
  /** Keys of the config whose change waits for a restart. */
  vmPending(node: string, vmid: number): Promise<string[]>;
  /** The state, live. */
  vmStatus(node: string, vmid: number): Promise<VmStatus>;
  /** Safe to repeat with the same `newid`: a second one is a `conflict`, at once or in its task. */
  clone(node: string, templateVmid: number, options: CloneOptions): Promise<Upid>;
  /**
   * Makes a VM with these keys, from nothing. Safe to repeat with the same VMID: a second one is a `conflict`. Until its
   * disks are there it has a lock and nothing else, not even a description.
   */
  create(node: string, vmid: number, set: ConfigChange['set'], options?: { pool?: string | undefined }): Promise<Upid>;
  /** Synchronous; waits up to ten seconds for another operation. Keys outside `settableKeys` are `invalid`. */
  configure(node: string, vmid: number, change: ConfigChange): Promise<void>;
  /** Grows a disk to `size`, such as `32G`; the same size is no error. A wrong digest shows in the task only. */
  resize(node: string, vmid: number, change: { disk: string; size: string; digest?: string }): Promise<Upid>;
  start(node: string, vmid: number): Promise<Upid>;
  /** Hard, and fine for a VM that is off. `overruleShutdown` ends a shutdown of ours that is under way. */
  stop(node: string, vmid: number, options?: { overruleShutdown?: boolean }): Promise<Upid>;
  /** Asks the guest; the task fails after the timeout (60 s unless told), or stops the VM hard then (`forceStop`). */
  shutdown(node: string, vmid: number, options?: { timeoutSeconds?: number; forceStop?: boolean }): Promise<Upid>;
  /** Asks the guest to shut down; the task ends with that, and Proxmox starts the VM again half a second later. */
  reboot(node: string, vmid: number, options: { timeoutSeconds: number }): Promise<Upid>;
  reset(node: string, vmid: number): Promise<Upid>;
  /** Pauses a running VM in memory. */
  suspend(node: string, vmid: number): Promise<Upid>;
  resume(node: string, vmid: number): Promise<Upid>;
  /**
   * Destroys a VM that is off and unprotected. Takes no digest: it hits whatever has that VMID. Unreferenced disks are
   * all volumes that carry the VMID.
   */
  destroy(node: string, vmid: number, options: { purge: boolean; destroyUnreferencedDisks: boolean }): Promise<Upid>;
}

/** Binds {@link VmCalls}. */
export function vmCalls(ask: Ask): VmCalls {
  return {
    listVms: node => ask('vms', { node }, {}, listedVmsAnswer),
    vmConfig: (node, vmid, { current, snapshot } = {}) =>
      ask('vmConfig', { node, vmid }, { current, snapshot }, vmConfigAnswer),
    vmPending: (node, vmid) => ask('vmPending', { node, vmid }, {}, pendingAnswer),
    vmStatus: (node, vmid) => ask('vmStatus', { node, vmid }, {}, vmStatusAnswer),
    clone: (node, vmid, options) => ask('clone', { node, vmid }, { ...options }, upid),
    async create(node, vmid, set, { pool } = {}) {
      refuseForeign('POST', `/nodes/${node}/qemu`, Object.keys(set), []);
      return ask('create', { node }, { vmid, pool, ...set }, upid);
    },
    async configure(node, vmid, change) {
      await ask('configure', { node, vmid }, configForm(node, vmid, change), z.unknown());
    },
    resize: (node, vmid, change) => ask('resize', { node, vmid }, { ...change }, upid),
    start: (node, vmid) => ask('start', { node, vmid }, {}, upid),
    stop: (node, vmid, { overruleShutdown } = {}) =>
      ask('stop', { node, vmid }, { 'overrule-shutdown': overruleShutdown }, upid),
    shutdown: (node, vmid, { timeoutSeconds, forceStop } = {}) =>
      ask('shutdown', { node, vmid }, { timeout: timeoutSeconds, forceStop }, upid),
    reboot: (node, vmid, { timeoutSeconds }) => ask('reboot', { node, vmid }, { timeout: timeoutSeconds }, upid),
    reset: (node, vmid) => ask('reset', { node, vmid }, {}, upid),
    suspend: (node, vmid) => ask('suspend', { node, vmid }, {}, upid),
    resume: (node, vmid) => ask('resume', { node, vmid }, {}, upid),
    destroy: (node, vmid, { purge, destroyUnreferencedDisks }) =>
      ask('destroy', { node, vmid }, { purge, 'destroy-unreferenced-disks': destroyUnreferencedDisks }, upid),
  };
}

function configForm(node: string, vmid: number, { set, delete: deleted = [], digest }: ConfigChange): Params {
  refuseForeign('PUT', `/nodes/${node}/qemu/${vmid}/config`, Object.keys(set), deleted);
  return { ...set, delete: deleted.length > 0 ? deleted.join(',') : undefined, digest };
}

function refuseForeign(method: string, path: string, set: readonly string[], deleted: readonly string[]): void {
  const foreign = [...set.filter(key => !isSettable(key)), ...deleted.filter(key => !isConfigKey(key))];
  if (foreign.length === 0) return;
  const reason = `not a key that may be set or deleted: ${foreign.join(', ')}`;
  throw new ProxmoxError({ kind: 'invalid', method, path, status: 0, reason });
}
