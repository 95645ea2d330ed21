import {
  type ConsoleSession,
  consoleSessions,
  type ProxmoxCluster,
  proxmoxClusters,
  type VirtualMachine,
  type VmOperation,
  type VmPolicy,
  type VmQuota,
  type VmSnapshot,
  type VmTemplate,
  virtualMachines,
  vmOperations,
  vmPolicies,
  vmQuotas,
  vmSnapshots,
  vmTemplates,
} from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';
import { type ChangeHandler, Reflector } from '#kube/reflector.ts';
import { formatKey } from '#kube/resource.ts';
import { Store } from '#kube/store.ts';
import type { Logger, RuntimeMetrics } from '#kube/telemetry.ts';
import { awaitedNode } from './wake-nodes.ts';

/** The resources as the API server last told of them. */
export interface Resources {
  /** Indexed by `namespace`, by `vmid`, by the `template` that their source names, and by the `awaitedNode`. */
  machines: Store<VirtualMachine>;
  clusters: Store<ProxmoxCluster>;
  templates: Store<VmTemplate>;
  quotas: Store<VmQuota>;
  policies: Store<VmPolicy>;
  /** Indexed by their `requester`, and by the `machine` that they are for. */
  sessions: Store<ConsoleSession>;
  /** Indexed by the key of their `machine`. */
  operations: Store<VmOperation>;
  /** Indexed by their `namespace`, and by the key of their `machine`. */
  snapshots: Store<VmSnapshot>;
}

/** What is to be told of changes. */
export interface ResourceHandlers {
  onMachine: ChangeHandler<VirtualMachine>;
  onCluster: ChangeHandler<ProxmoxCluster>;
  onTemplate: ChangeHandler<VmTemplate>;
  onQuota: ChangeHandler<VmQuota>;
  onPolicy: ChangeHandler<VmPolicy>;
  onSession: ChangeHandler<ConsoleSession>;
  onOperation: ChangeHandler<VmOperation>;
  onSnapshot: ChangeHandler<VmSnapshot>;
}

/** Makes empty stores. */
export const createResources = (): Resources => ({
  machines: new Store<VirtualMachine>({
    namespace: ({ metadata }) => [metadata.namespace ?? ''],
    vmid: ({ status }) => (status?.vmid === undefined ? [] : [String(status.vmid)]),
    template: ({ spec: { source } }) => (source.template ? [source.template.name] : []),
    awaitedNode,
  }),
  clusters: new Store<ProxmoxCluster>(),
  templates: new Store<VmTemplate>(),
  quotas: new Store<VmQuota>(),
  policies: new Store<VmPolicy>(),
  operations: new Store<VmOperation>({
    machine: ({ metadata: { namespace = '' }, spec }) => [formatKey({ namespace, name: spec.vmName })],
  }),
  snapshots: new Store<VmSnapshot>({
    namespace: ({ metadata }) => [metadata.namespace ?? ''],
    machine: ({ metadata: { namespace = '' }, spec }) => [formatKey({ namespace, name: spec.vmName })],
  }),
  sessions: new Store<ConsoleSession>({
    requester: ({ spec }) => [spec.requester],
    machine: ({ metadata, spec }) => [formatKey({ ...metadata, name: spec.vmName })],
  }),
});

/** Something that runs until its signal aborts and says when it has seen everything. */
export interface Reflection {
  readonly synced: boolean;
  whenSynced(): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

/** Makes what fills the stores. */
export function createReflectors(
  { machines, clusters, templates, quotas, policies, operations, snapshots, sessions }: Resources,
  { onMachine, onCluster, onTemplate, onQuota, onPolicy, onOperation, onSnapshot, onSession }: ResourceHandlers,
  common: { client: KubeClient; log: Logger; metrics: RuntimeMetrics },
): Reflection[] {
  return [
    new Reflector({ ...common, type: proxmoxClusters, store: clusters, onChange: onCluster }),
    new Reflector({ ...common, type: vmTemplates, store: templates, onChange: onTemplate }),
    new Reflector({ ...common, type: vmPolicies, store: policies, onChange: onPolicy }),
    new Reflector({ ...common, type: vmQuotas, store: quotas, onChange: onQuota }),
    new Reflector({ ...common, type: vmOperations, store: operations, onChange: onOperation }),
    new Reflector({ ...common, type: vmSnapshots, store: snapshots, onChange: onSnapshot }),
    new Reflector({ ...common, type: virtualMachines, store: machines, onChange: onMachine }),
    new Reflector({ ...common, type: consoleSessions, store: sessions, onChange: onSession }),
  ];
}
