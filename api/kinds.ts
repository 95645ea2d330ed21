import type { Condition } from './conditions.ts';
import { type ConsoleSessionSpec, type ConsoleSessionStatus, consoleSession } from './console-session.ts';
import type { KindDefinition } from './crd.ts';
import { group, version } from './names.ts';
import { type ProxmoxClusterSpec, type ProxmoxClusterStatus, proxmoxCluster } from './proxmox-cluster.ts';
import { type VirtualMachineSpec, virtualMachine } from './virtual-machine.ts';
import type { VirtualMachineStatus } from './virtual-machine-status.ts';
import { type VmOperationSpec, type VmOperationStatus, vmOperation } from './vm-operation.ts';
import { type VmPolicySpec, type VmPolicyStatus, vmPolicy } from './vm-policy.ts';
import { type VmQuotaSpec, type VmQuotaStatus, vmQuota } from './vm-quota.ts';
import { type VmSnapshotSpec, type VmSnapshotStatus, vmSnapshot } from './vm-snapshot.ts';
import { type VmTemplateSpec, type VmTemplateStatus, vmTemplate } from './vm-template.ts';

/** All kinds of Berth, in the order in which they should be installed. */
export const kinds: readonly KindDefinition[] = [
  proxmoxCluster,
  vmTemplate,
  vmPolicy,
  vmQuota,
  virtualMachine,
  vmSnapshot,
  vmOperation,
  consoleSession,
];

/** The part of an object's metadata that Berth reads. */
export interface Metadata {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** Whose dependent an object is: it goes with its owner. */
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
}

/** An object of one of Berth's kinds. */
export interface Resource<Spec, Status extends { conditions?: Condition[] }> {
  apiVersion?: string;
  kind?: string;
  metadata: Metadata;
  spec: Spec;
  status?: Status;
}

export type VirtualMachine = Resource<VirtualMachineSpec, VirtualMachineStatus>;
export type ProxmoxCluster = Resource<ProxmoxClusterSpec, ProxmoxClusterStatus>;
export type VmTemplate = Resource<VmTemplateSpec, VmTemplateStatus>;
export type VmQuota = Resource<VmQuotaSpec, VmQuotaStatus>;
export type VmPolicy = Resource<VmPolicySpec, VmPolicyStatus>;
export type VmSnapshot = Resource<VmSnapshotSpec, VmSnapshotStatus>;
export type VmOperation = Resource<VmOperationSpec, VmOperationStatus>;
export type ConsoleSession = Resource<ConsoleSessionSpec, ConsoleSessionStatus>;

/** Where the API server serves a kind. */
const resourceType = ({ kind, plural, namespaced }: KindDefinition) => ({
  group,
  version,
  plural,
  kind,
  namespaced,
});

export const virtualMachines = resourceType(virtualMachine);
export const proxmoxClusters = resourceType(proxmoxCluster);
export const vmTemplates = resourceType(vmTemplate);
export const vmQuotas = resourceType(vmQuota);
export const vmPolicies = resourceType(vmPolicy);
export const vmSnapshots = resourceType(vmSnapshot);
export const vmOperations = resourceType(vmOperation);
export const consoleSessions = resourceType(consoleSession);
