import type { ProxmoxCluster, VirtualMachine, VmOperation, VmSnapshot, VmTemplate } from '#api/kinds.ts';
import type { Allocation } from '#api/ledger.ts';
import type { VmQuotaSpec } from '#api/vm-quota.ts';
import type { GuestTurn, GuestView } from './guest-view.ts';
import type { MachineConfig, MachineNic, MachineSize, Power } from './machine.ts';
import type { NodeUse } from './node-limits.ts';

/**
 * All that a decision about one VirtualMachine is made from. What costs a call to Proxmox is absent until a decision
 * asks for it by a {@link Look}.
 */
export interface Observed {
  /** Milliseconds since the epoch. */
  now: number;
  /** Id of the Kubernetes cluster, as it stands in markers. */
  clusterId: string;
  vm: VirtualMachine;
  /** Every ProxmoxCluster there is. */
  clusters: ProxmoxCluster[];
  /** The VmTemplate that the source names, if there is one. */
  vmTemplate?: VmTemplate;
  /** What the machine is charged with, as far as the watch has told. It may lag: it never grants. */
  allocation?: Allocation;
  /** What is asked to be done to the machine once, if it is its turn. */
  operation?: VmOperation;
  /** The snapshot that is to be taken or removed, if it is its turn. */
  snapshot?: VmSnapshot;
  /** Whether the machine may grow where it is, as it was decided with the claims of the cluster. */
  growth?: GrowthView;
  /** What all machines, and those of the namespace, ask of a node, this one included. */
  useOfNode?: (node: string) => { all: NodeUse; own: NodeUse };
  /** What became of `status.task`. */
  task: TaskView;
  /** The shared inventory of the cluster; absent until it was read once. */
  inventory?: { line?: InventoryLine };
  /** Whether everything is to be compared, however settled it looks. */
  sweep: boolean;

  quota?: QuotaView;
  config?: ConfigView;
  power?: Power;
  /** What it runs with, or would start with but for what waits for that; seen with its power. */
  size?: MachineSize;
  template?: TemplateView;
  iso?: IsoView;
  orphan?: { vmid?: number };
  /** The pool that the machine is made in; it may have been removed since. */
  pool?: PoolView;
  /** Whether the machine is in it, as it was asked in this pass. */
  inPool?: boolean;
  adoptee?: AdopteeView;
  secret?: SecretView;
  /**
   * Whether a worker that may be making this machine is running where its configuration lies, which was then read anew;
   * which one it is, where its log says so; else all that it may be.
   */
  worker?: { running: false } | { running: true; upid?: string; candidates: string[] };
  absence?: AbsenceView;
  /** Whether the guest is to be asked of itself, and how often it was in vain since the machine was last started. */
  guestTurn?: GuestTurn;
  /** The network cards as they were last read, where the configuration is not looked at. */
  nics?: MachineNic[];
  guest?: GuestView;
  /** What Proxmox was last told to let grow, and the digest of the configuration that this was decided on. */
  grown?: { disk: string; sizeMiB: number; digest: string };
  /** Whether this very pass has written the configuration. */
  configured?: boolean;
  /** Proxmox' keys whose change waits for a restart. */
  pending?: string[];
  /** The task in Proxmox of an operation that was begun; of one that is to begin, the one that it comes after; if there is one. */
  operationTask?: { upid?: string };
  /** The VmSnapshot that the operation is to take the machine back to, if the API server has one of that name. */
  rollbackTo?: { snapshot?: VmSnapshot | undefined };
  /** The snapshots that Proxmox has of the machine. */
  snapshots?: SnapshotLine[];
  /** The configuration as it is in the snapshot that the machine is to be taken back to. */
  snapshotConfig?: MachineConfig;
  /** Whether a task of Proxmox is at a snapshot of the machine. */
  snapshotWorker?: { running: boolean };
  snapshotRoom?: SnapshotRoom;
}

/** Whether there is room for the snapshot, and how many its machine may have. */
export type SnapshotRoom = { granted: true; maxPerVM?: number } | { granted: false; reason: string; message: string };

/** A snapshot as Proxmox lists it. */
export interface SnapshotLine {
  name: string;
  takenAtSeconds: number;
  memory: boolean;
  /** `prepare` or `delete` while it is not complete. */
  state?: string | undefined;
}

/**
 * What a decision may ask to see: one or a few reads of Proxmox each. `quota`, `growth` and `snapshotRoom` ask Kubernetes,
 * and have an effect: the room that they see is the machine's, or the snapshot's, from then on.
 */
export type Look =
  | 'quota'
  | 'growth'
  | 'config'
  | 'power'
  | 'template'
  | 'iso'
  | 'orphan'
  | 'pool'
  | 'inPool'
  | 'worker'
  | 'absence'
  | 'operationTask'
  | 'rollbackTo'
  | 'snapshots'
  | 'snapshotConfig'
  | 'snapshotWorker'
  | 'snapshotRoom'
  | 'guest'
  | 'pending'
  | 'adoptee'
  | 'secret';

/** Where a namespace's machines may be, and how many of them. */
export interface Place {
  shares?: VmQuotaSpec['perNode'];
  vmids?: VmQuotaSpec['vmidRange'];
}

/** Whether a machine may become as large as it asks; `Outdated` where its spec is not that of now. */
export type GrowthView = { granted: true } | { granted: false; reason: string; message: string };

/** Whether there is room for the machine, and the nodes and ISO images that its namespace is kept to, if it is. */
export type QuotaView =
  | ({ granted: true; nodes?: string[]; isos?: string[] } & Place)
  | { granted: false; reason: string; message: string };

/**
 * What became of the task that the status names. `cancel` says who is to end it: we, who have undertaken that a moment
 * ago; another operator, which has a while for it; or nobody any more, since Proxmox was told. Once is enough: a second
 * signal would hit the worker while it cleans up, and leave a lock that only root can remove.
 */
export type TaskView =
  | { state: 'none' }
  | { state: 'running'; cancel?: 'ours' | 'theirs' | 'sent' }
  | { state: 'ended'; succeeded: boolean; message?: string };

/** A machine's line in the shared inventory. It lags by seconds: it wakes and it calms, it never decides. */
export interface InventoryLine {
  node: string;
  /** Proxmox' word: running, stopped, paused, unknown, … */
  status: string;
  lock?: string;
  name?: string;
  tags?: string[];
  cpus?: number;
  memoryMiB?: number;
}

/** A machine's configuration as it was read, and from which node; or that no such machine was found. */
export type ConfigView = { found: true; node: string; config: MachineConfig } | { found: false };

/** A pool in Proxmox: that there is none, or what its comment says. */
export type PoolView = { found: false } | { found: true; comment: string };

/** Where the machine is that is to be adopted, or why it cannot be. */
export type AdopteeView = { usable: true; node: string } | { usable: false; reason: string; message: string };

/** The password that cloud-init is to set, or why there is none. */
export type SecretView = { found: true; password: string } | { found: false; reason: string; message: string };

/** Whether a VMID that was not found is proven to be gone. */
export type AbsenceView = { proven: true } | { proven: false; message: string };

/** A template in Proxmox, or why it cannot be cloned. */
export type TemplateView =
  | {
      usable: true;
      vmid: number;
      node: string;
      /** Whether every volume of it is on a shared storage, so that a clone may be placed on another node. */
      shared: boolean;
      rootStorage: string;
    }
  | { usable: false; reason: string; message: string };

/** Where an ISO image can be used, or why it cannot. */
export type IsoView =
  | {
      usable: true;
      /** Nodes that have it, and the storages that each of them has for disks. */
      nodes: { name: string; storages: string[] }[];
    }
  | { usable: false; reason: string; message: string };
