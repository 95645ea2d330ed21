import { z } from 'zod';
import type { ProxmoxCluster, VirtualMachine, VmOperation, VmQuota, VmSnapshot, VmTemplate } from '#api/kinds.ts';
import { dnsLabelPattern, isoVolume, resourceName } from '#api/names.ts';

// What the portal's pages and its server say to each other: everything below /api/v1 is JSON of one of these shapes,
// but for /stream, which are server-sent events, and /kubeconfig, which is YAML. Resources travel as Kubernetes has
// them, without managedFields.

/** Stable names of what went wrong; the pages have words for each in every language. */
export const errorCodes = [
  'BadRequest',
  'Unauthenticated',
  'Forbidden',
  'CrossSite',
  'NotFound',
  'MethodNotAllowed',
  'Conflict',
  'AlreadyExists',
  'TooLarge',
  'UnsupportedMediaType',
  'Invalid',
  'QuotaExceeded',
  'TooManyRequests',
  'KubernetesUnavailable',
  'MetricsUnavailable',
  'ConsoleNotReady',
  'Internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** The body of every answer from 400 on. */
export const errorBody = z.object({
  error: z.object({
    code: z.enum(errorCodes),
    /** Plain English: what the API server said, where it was the one to refuse. */
    message: z.string(),
    /** Also in the header X-Request-Id and in the server's log. */
    requestId: z.string(),
    /** Which fields are wrong, as in `spec.disks[0].size`. */
    fields: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    /** Seconds after which to try again, with TooManyRequests and KubernetesUnavailable. */
    retryAfterSeconds: z.number().optional(),
  }),
});

export type ErrorBody = z.infer<typeof errorBody>;

/** GET /api/v1/version, which needs no sign-in. */
export const versionInfo = z.object({ name: z.string(), version: z.string(), build: z.string() });

export type VersionInfo = z.infer<typeof versionInfo>;

export const languages = ['en', 'fr'] as const;

export type Language = (typeof languages)[number];

/** Whether a Proxmox cluster is in reach; the message is in plain words. */
export const clusterHealth = z.object({ name: z.string(), healthy: z.boolean(), message: z.string().optional() });

export type ClusterHealth = z.infer<typeof clusterHealth>;

/** What a person may do in a namespace as a whole; a single machine may grant more, see {@link machineRights}. */
export const tenantRights = z.object({
  create: z.boolean(),
  update: z.boolean(),
  delete: z.boolean(),
  console: z.boolean(),
  restart: z.boolean(),
});

export type TenantRights = z.infer<typeof tenantRights>;

/** A namespace that the person may see machines of. */
export const tenant = z.object({ name: z.string(), displayName: z.string(), can: tenantRights });

export type Tenant = z.infer<typeof tenant>;

export const roles = ['Admin', 'Employee', 'Viewer'] as const;

export type Role = (typeof roles)[number];

/** GET /api/v1/session; 401 Unauthenticated for who is not signed in. */
export const sessionInfo = z.object({
  /** `name` is what Kubernetes calls the person. */
  user: z.object({ name: z.string(), displayName: z.string(), email: z.string().optional() }),
  /** What Kubernetes lets the person do, in one word: it decides what pages show, never what is allowed. */
  role: z.enum(roles),
  groups: z.array(z.string()),
  language: z.enum(languages),
  /** The session ends at the earlier of both; each request moves the first one on, those of /stream excepted. */
  idleExpiresAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  tenants: z.array(tenant),
  /** Origin of the consoles; absent where there are none. */
  consoleOrigin: z.string().optional(),
  clusters: z.array(clusterHealth),
});

export type SessionInfo = z.infer<typeof sessionInfo>;

/** POST /auth/logout: where to go so that the issuer ends its session, too. */
export const logoutAnswer = z.object({ redirect: z.string() });

export type LogoutAnswer = z.infer<typeof logoutAnswer>;

/** PUT /api/v1/profile; answers 204. The choice is a cookie. */
export const profileRequest = z.strictObject({ language: z.enum(languages) });

/** What of a Proxmox cluster people may use; how it is reached is left out. */
export interface CatalogueCluster {
  name: string;
  default: boolean;
  bridges: { name: string; vlans?: { from: number; to: number }[] }[];
  storages: { name: string; default: boolean; maxSize?: string }[];
  tags: { name: string; color?: string }[];
  /** ISO images to install from. */
  isos: { name: string; sizeMiB?: number }[];
  nodes: { name: string; schedulable: boolean; online?: boolean }[];
}

/** GET /api/v1/catalogue. */
export interface Catalogue {
  templates: VmTemplate[];
  clusters: CatalogueCluster[];
}

/** An ISO image in Proxmox, or one that is approved and not there any more: that is on no node. */
export interface StoredIso {
  volume: string;
  sizeMiB?: number;
  nodes: string[];
  /** The name that it is approved under. */
  name?: string;
}

/** GET /api/v1/isos, for who may change ProxmoxClusters; 404 for everybody else. */
export interface IsoList {
  clusters: { name: string; isos: StoredIso[] }[];
}

/** PUT /api/v1/clusters/:name/isos: approves an image under a name, or with null not any more. Answers 204. */
export const isoApproval = z.strictObject({ volume: isoVolume(), name: resourceName().nullable() });

export type IsoApproval = z.infer<typeof isoApproval>;

/** GET /api/v1/machines: all that the person may see, over all tenants. */
export interface MachineList {
  items: VirtualMachine[];
}

/** GET /api/v1/quotas: those of the person's tenants. */
export interface QuotaList {
  items: VmQuota[];
}

/** What the person may do with one machine; it may be more than the namespace grants. */
export const machineRights = z.object({
  update: z.boolean(),
  delete: z.boolean(),
  console: z.boolean(),
  restart: z.boolean(),
  reset: z.boolean(),
  /** To take snapshots of it, and to go back to one. */
  snapshot: z.boolean(),
  rollback: z.boolean(),
  metrics: z.boolean(),
});

export type MachineRights = z.infer<typeof machineRights>;

/** GET …/machines/:name. */
export interface MachineAnswer {
  object: VirtualMachine;
  can: MachineRights;
}

/** The answer to a POST or PATCH of a machine; `warnings` are the API server's. */
export interface WrittenMachine {
  object: VirtualMachine;
  warnings: string[];
}

const name = z.string().min(1).max(63).regex(dnsLabelPattern, 'a DNS label');
/** The API server checks the rest, and its words are shown beside the fields. */
const anything = z.record(z.string().max(64), z.unknown());

/** POST /api/v1/namespaces/:ns/machines, with `?dryRun=All` to have it checked only. */
export const createRequest = z.strictObject({
  metadata: z.strictObject({ name, labels: z.record(z.string(), z.string()).optional() }),
  spec: anything,
});

export type CreateRequest = Omit<z.infer<typeof createRequest>, 'spec'> & { spec: VirtualMachine['spec'] };

/** PATCH …/machines/:name, a JSON merge patch: null removes, a list replaces a list as a whole. */
export const patchRequest = z.strictObject({
  metadata: z.strictObject({ resourceVersion: z.string().max(32) }).optional(),
  spec: anything,
});

export type PatchRequest = z.infer<typeof patchRequest>;

/** DELETE …/machines/:name, and …/machines/:name/snapshots/:snapshot: the UID of what was confirmed, so that
 * nothing else of its name goes. Answers 202. */
export const deleteRequest = z.strictObject({ uid: z.string().min(1).max(64) });

export type DeleteRequest = z.infer<typeof deleteRequest>;

/** GET …/machines/:name/events, the newest first. */
export const eventList = z.object({
  items: z.array(
    z.object({
      time: z.iso.datetime(),
      type: z.enum(['Normal', 'Warning']),
      reason: z.string(),
      message: z.string(),
      count: z.number(),
    }),
  ),
});

export type EventList = z.infer<typeof eventList>;

export const metricRanges = ['now', 'hour', 'day', 'week'] as const;

export type MetricRange = (typeof metricRanges)[number];

const figure = z.number().optional();

/** GET …/machines/:name/metrics?range=…, the oldest point first; `now` has the last poll only. */
export const machineMetrics = z.object({
  points: z.array(
    z.object({
      time: z.iso.datetime(),
      /** Share of all its CPUs, 0 to 1. */
      cpu: figure,
      memoryBytes: figure,
      netInBytesPerSecond: figure,
      netOutBytesPerSecond: figure,
      diskReadBytesPerSecond: figure,
      diskWriteBytesPerSecond: figure,
    }),
  ),
  memoryMaxBytes: figure,
  cpus: figure,
  uptimeSeconds: figure,
});

export type MachineMetrics = z.infer<typeof machineMetrics>;

/** POST …/machines/:name/operations; answers 201 `{object}` with the VmOperation. */
export const operationRequest = z.discriminatedUnion('type', [
  z.strictObject({ type: z.enum(['Restart', 'Reset']) }),
  z.strictObject({ type: z.literal('Rollback'), rollback: z.strictObject({ snapshotName: resourceName() }) }),
]);

export type OperationRequest = z.infer<typeof operationRequest>;

/** GET …/machines/:name/operations, the newest first. */
export interface OperationList {
  items: VmOperation[];
}

/** GET …/machines/:name/snapshots, the newest first. */
export interface SnapshotList {
  items: VmSnapshot[];
}

/** POST …/machines/:name/snapshots; answers 201 `{object}` with the VmSnapshot. */
export const snapshotRequest = z.strictObject({
  memory: z.enum(['Include', 'Exclude']),
  description: z.string().max(1024).optional(),
});

export type SnapshotRequest = z.infer<typeof snapshotRequest>;

/** POST …/machines/:name/console. The challenge is the base64url SHA-256 of the verifier's own text. */
export const consoleRequest = z.strictObject({
  type: z.enum(['VNC', 'Serial']),
  mode: z.enum(['Interactive', 'ViewOnly']),
  challenge: z.string().regex(/^[A-Za-z0-9_-]{43}$/, '43 characters of base64url'),
});

export type ConsoleRequest = z.infer<typeof consoleRequest>;

/** Its answer: post a form with the field `verifier` there before it expires. */
export const consoleAnswer = z.object({ name: z.string(), url: z.string(), expiresAt: z.iso.datetime() });

export type ConsoleAnswer = z.infer<typeof consoleAnswer>;

/** A change of an object that the person may see; it is DELETED, too, when they may not see it any more. */
export interface StreamChange<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: T;
}

/** Whether Kubernetes and each Proxmox cluster are in reach. */
export interface Health {
  kubernetes: { ok: boolean; message?: string };
  clusters: ClusterHealth[];
}

/**
 * The events of GET /api/v1/stream by name. A stream begins with `snapshot`, `health` and `session`; a new snapshot
 * replaces all that was sent before. Comments come as heartbeats every 15 s.
 */
export interface StreamEvents {
  snapshot: { machines: VirtualMachine[]; quotas: VmQuota[] };
  machine: StreamChange<VirtualMachine>;
  quota: StreamChange<VmQuota>;
  operation: StreamChange<VmOperation>;
  /** Of a snapshot of a machine; `snapshot` is all that there is. */
  machineSnapshot: StreamChange<VmSnapshot>;
  health: Health;
  session: { expiresAt: string; idleExpiresAt: string };
}

/** Whether the operator reaches a cluster, from the resource alone. */
export function healthOf({ metadata, status }: ProxmoxCluster): ClusterHealth {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const healthy = ready?.status === 'True';
  return { name: metadata.name, healthy, ...(!healthy && ready?.message ? { message: ready.message } : {}) };
}
