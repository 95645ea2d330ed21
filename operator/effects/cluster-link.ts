import type { ProxmoxCluster } from '#api/kinds.ts';
import { turns } from '#kube/turns.ts';
import { createProxmoxClient, type ProxmoxClient } from '#proxmox/client.ts';
import type { Clock } from '#proxmox/clock.ts';
import type { InventoryVm } from '#proxmox/inventory.ts';
import { createInventoryPoller, type InventoryPoller, type Snapshot } from '#proxmox/inventory-poller.ts';
import { createTaskPoller } from '#proxmox/task-poller.ts';
import type { TaskStatus } from '#proxmox/tasks.ts';
import type { HttpTransport, TransportOptions } from '#proxmox/transport.ts';
import type { Upid } from '#proxmox/upid.ts';
import type { AbsenceView, InventoryLine, IsoView } from '../core/observed.ts';
import { createAbsenceProver } from './absence.ts';
import { createIsoReader } from './isos.ts';
import { createPools, type Pools } from './pools.ts';
import { TaskSlots } from './task-slots.ts';
import { createTemplateReader, type TemplateReading } from './templates.ts';

/** The connection to one Proxmox cluster with all that machines share of it. */
export interface ClusterLink {
  readonly name: string;
  readonly client: ProxmoxClient;
  readonly inventory: InventoryPoller;
  /** A machine's line in the latest inventory. */
  readonly line: (vmid: number) => InventoryLine | undefined;
  /** Watches a task of a machine's, also one that an operator before us has begun. */
  readonly watchTask: (upid: Upid, key: string) => void;
  readonly slots: TaskSlots;
  readonly template: (source: { vmid: number; node: string }) => Promise<TemplateReading>;
  /** Where an ISO image can be used, of these nodes. */
  readonly iso: (volume: string, nodes: string[]) => Promise<IsoView>;
  /** Asks guests in turn. */
  readonly ofGuests: ReturnType<typeof turns>;
  readonly pools: Pools;
  readonly proveAbsent: (vmid: number) => Promise<AbsenceView>;
  /** Takes over a token that was rotated, and limits that were changed. */
  update(cluster: ProxmoxCluster, token: string): void;
  close(): Promise<void>;
}

/** What a link tells the operator. Keys are those of VirtualMachines. */
export interface LinkEvents {
  onTaskEnd: (key: string, upid: string, status: Exclude<TaskStatus, { state: 'running' }>) => void;
  onInventory: (vmids: number[], snapshot: Snapshot) => void;
  onError: (error: unknown) => void;
  /** It is the turn of a machine that waited for a task slot. */
  onTurn: (key: string) => void;
}

/** Opens an HTTPS transport, or one to a simulator in this process. */
export type OpenTransport = (options: TransportOptions) => HttpTransport;

/** Whether a link must be made anew for this resource rather than updated. */
export const linkIdentity = ({ spec: { endpoints, tls, pollSeconds } }: ProxmoxCluster): string =>
  JSON.stringify([endpoints, tls, pollSeconds]);

/**
 * Guests that are asked at a time: each takes up to three connections of eight, and one that hangs keeps them until the
 * deadline is over.
 */
const mostGuestsAtOnce = 2;

/** Connects to the cluster of a resource. The token is `user@realm!name=secret`. */
export function openLink(
  cluster: ProxmoxCluster,
  firstToken: string,
  events: LinkEvents,
  openTransport: OpenTransport,
  observe: TransportOptions['observe'],
  clock: Clock,
): ClusterLink {
  let token = firstToken;
  const transport = openTransport({
    endpoints: cluster.spec.endpoints,
    token: () => token,
    tls: cluster.spec.tls,
    observe,
  });
  const client = createProxmoxClient(transport);
  const limitsOf = ({ spec }: ProxmoxCluster) => ({
    tasks: spec.maxConcurrentTasks,
    clonesPerTemplate: spec.maxClonesPerTemplate,
  });
  const slots = new TaskSlots(limitsOf(cluster), events.onTurn);
  const inventory = createInventoryPoller({
    client,
    intervalMs: cluster.spec.pollSeconds * 1000,
    onChange: ({ appeared, changed, disappeared }, snapshot) =>
      events.onInventory([...appeared, ...changed, ...disappeared], snapshot),
    onError: events.onError,
    clock,
  });
  const tasks = createTaskPoller<{ key: string; upid: string }>({
    client,
    onEnd: ({ key, upid }, status) => {
      slots.release(key);
      events.onTaskEnd(key, upid, status);
    },
    onError: events.onError,
    clock,
  });
  return {
    name: cluster.metadata.name,
    client,
    inventory,
    line: lineFinder(inventory),
    slots,
    watchTask: (upid, key) => tasks.watch(upid, { key, upid }),
    template: createTemplateReader(client, () => clock.now()),
    iso: createIsoReader(client, () => clock.now()),
    ofGuests: turns(mostGuestsAtOnce),
    pools: createPools(client, () => clock.now()),
    proveAbsent: createAbsenceProver(client),
    update(latest, latestToken) {
      token = latestToken;
      slots.limits = limitsOf(latest);
    },
    async close() {
      inventory.close();
      tasks.close();
      await transport.close();
    },
  };
}

/** Finds lines by VMID; the index is made once for each snapshot. */
function lineFinder(inventory: InventoryPoller): ClusterLink['line'] {
  let indexed: { snapshot: Snapshot; lines: Map<number, InventoryVm> } | undefined;
  return vmid => {
    const snapshot = inventory.latest;
    if (!snapshot) return undefined;
    if (indexed?.snapshot !== snapshot) indexed = { snapshot, lines: new Map(snapshot.vms.map(vm => [vm.vmid, vm])) };
    const vm = indexed.lines.get(vmid);
    if (!vm) return undefined;
    const { node, status, lock, name, tags, cpus, memoryBytes } = vm;
    return { node, status, lock, name, tags, cpus, memoryMiB: memoryBytes && memoryBytes / 2 ** 20 };
  };
}
