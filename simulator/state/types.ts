/**
 * The state of a simulated cluster: plain data, to be read and set by tests and dumped as JSON. Times are milliseconds
 * since the epoch, sizes bytes, unless a name says otherwise.
 */
export interface State {
  cluster: ClusterState;
  nodes: Record<string, NodeState>;
  storages: Record<string, StorageState>;
  /** QEMU guests by VMID. */
  vms: Record<string, VmState>;
  /** LXC guests by VMID; they take their ids and are listed, no more. */
  containers: Record<string, ContainerState>;
  pools: Record<string, PoolState>;
  access: AccessState;
  /** By UPID, oldest first. */
  tasks: Record<string, TaskState>;
  ha: Record<string, HaResource>;
  firewall: Record<string, FirewallState>;
  broadcasts: Broadcasts;
  /** The cluster's log, the newest line last. */
  log: { uid: number; node: string; user: string; msg: string; time: number }[];
}

export interface ClusterState {
  /** Absent for a node that stands alone. */
  name?: string;
  quorate: boolean;
  /** datacenter.cfg. */
  options: Record<string, string>;
}

export interface NodeState {
  name: string;
  nodeid: number;
  ip: string;
  cpus: number;
  memory: number;
  rootSize: number;
  bootedAt: number;
  /** False: other nodes know it, corosync does not (it is in no list). */
  member: boolean;
  /** False: its API answers 595. */
  reachable: boolean;
  bridges: BridgeState[];
  /** Notes, as /nodes/N/config has them. */
  description: string;
  /** The process id that was given out last. */
  lastPid: number;
}

export interface BridgeState {
  name: string;
  vlanAware: boolean;
  address?: string;
  ports: string[];
  comment?: string;
}

export type StorageType = 'dir' | 'nfs' | 'lvm' | 'lvmthin' | 'zfspool' | 'rbd';

export interface StorageState {
  id: string;
  type: StorageType;
  shared: boolean;
  content: string[];
  /** Restricts it to some nodes; absent: all. */
  nodes?: string[];
  enabled: boolean;
  path?: string;
  /** Capacity of each place. */
  size: number;
  /** By node, or under `shared`. */
  places: Record<string, StoragePlace>;
}

export interface StoragePlace {
  /** What else lies there. */
  foreignBytes: number;
  /** The sum of what the volumes take. */
  usedBytes: number;
  /** By volume name, for instance `100/vm-100-disk-0.qcow2`; a linked clone's is without that of its base. */
  volumes: Record<string, VolumeState>;
}

export interface VolumeState {
  content: 'images' | 'iso' | 'vztmpl' | 'backup' | 'snippets' | 'import' | 'rootdir';
  format: string;
  /** Virtual size. */
  size: number;
  /** What it takes from the storage. */
  used: number;
  /** Its owner. */
  vmid?: number;
  createdAt: number;
  /** The base volume's name, of a linked clone. */
  parent?: string;
  /** The size at the time of each snapshot. */
  snapshots: Record<string, number>;
  notes?: string;
  protected?: boolean;
  /** What is inside a backup. */
  backup?: BackupContents;
}

export interface BackupContents {
  config: Section;
  /** By drive. */
  disks: Record<string, { storage: string; format: string; size: number; used: number }>;
}

/** One section of a VM's configuration file: values as the file has them. */
export type Section = Record<string, string>;

export interface VmState {
  vmid: number;
  node: string;
  config: VmConfig;
  /** Present while QEMU runs. */
  run?: RunState;
  guest: GuestState;
}

export interface VmConfig {
  current: Section;
  pending: Section;
  /** Keys whose removal is pending; `force` destroys a volume. */
  pendingDelete: Record<string, 'plain' | 'force'>;
  /** What cloud-init last generated, where it differs. */
  cloudinit: Section;
  snapshots: Record<string, Section>;
}

export interface RunState {
  pid: number;
  startedAt: number;
  /** QEMU's own word. */
  status: 'running' | 'paused' | 'prelaunch' | 'suspended' | 'io-error';
  /** When the guest's system is up: it then answers the agent and listens to ACPI. Infinity is written as null. */
  bootedAt: number | null;
  /** How often it was reset since its start. */
  resets?: number;
  machine: string;
}

/** How the system inside behaves. */
export interface GuestState {
  os: 'linux' | 'none';
  bootMs: number;
  shutdownMs: number;
  /** Late means that the agent comes this much after the boot; absent: there is none. */
  agentAfterMs?: number;
  ignoresShutdown: boolean;
  /** What the agent tells, by the device's key (`net0`); absent: as ipconfigN says, or from DHCP. */
  addresses?: Record<string, string[]>;
  files: Record<string, string>;
  /** Processes that were started through the agent, by pid. */
  processes: Record<string, GuestProcess>;
  lastPid: number;
}

export interface GuestProcess {
  endsAt: number;
  exitcode: number;
  out: string;
  err: string;
}

export interface ContainerState {
  vmid: number;
  node: string;
  name: string;
}

export interface PoolState {
  comment?: string;
  vms: number[];
  storages: string[];
}

export interface AccessState {
  realms: Record<string, { type: string; comment?: string; default?: boolean }>;
  users: Record<string, UserState>;
  groups: Record<string, { comment?: string; users: string[] }>;
  /** Roles that were made here; the built-in ones are code. */
  roles: Record<string, string[]>;
  acl: AclEntry[];
  /** Signs tickets. */
  secret: string;
}

export interface UserState {
  enable: boolean;
  /** Seconds since the epoch; 0: never. */
  expire: number;
  password?: string;
  comment?: string;
  email?: string;
  firstname?: string;
  lastname?: string;
  tokens: Record<string, TokenState>;
}

export interface TokenState {
  secret: string;
  privsep: boolean;
  /** Seconds since the epoch; 0: never. */
  expire: number;
  comment?: string;
}

export interface AclEntry {
  path: string;
  kind: 'user' | 'group' | 'token';
  /** User id, group name or full token id. */
  who: string;
  role: string;
  propagate: boolean;
}

export interface TaskState {
  upid: string;
  node: string;
  pid: number;
  /** Clock ticks (10 ms) from the node's boot. */
  pstart: number;
  /** Seconds since the epoch. */
  starttime: number;
  type: string;
  id: string;
  /** The full identity, a token's included. */
  authid: string;
  log: string[];
  /** Present once it has ended. */
  exitstatus?: string;
  /** Seconds since the epoch. */
  endtime?: number;
}

export interface HaResource {
  state: string;
  group?: string;
  comment?: string;
  maxRestart?: number;
  maxRelocate?: number;
}

/** The firewall file of a VM, a node or the cluster. */
export interface FirewallState {
  options: Section;
  rules: Section[];
  ipsets: Record<string, Section[]>;
  aliases: Record<string, Section>;
}

/**
 * What every node's pvestatd told the others last. It lags: existence, node, pool, tags and lock of a VM are always
 * fresh, the rest is as old as this.
 */
export interface Broadcasts {
  /** What the nodes tell gets lost. */
  lost?: boolean;
  nodes: Record<string, { cpu: number; mem: number; disk: number; uptime: number }>;
  /** By `node/storage`. */
  storages: Record<string, { used: number; total: number }>;
  /** By VMID: a VM made anew under a number shows the old one's line until the next round. */
  vms: Record<string, VmStatistics>;
}

export interface VmStatistics {
  at: number;
  name: string;
  status: string;
  template: number;
  uptime: number;
  cpu: number;
  maxcpu: number;
  mem: number;
  maxmem: number;
  maxdisk: number;
  netin: number;
  netout: number;
  diskread: number;
  diskwrite: number;
}
