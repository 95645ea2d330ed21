import { z } from 'zod';

const name = z.string().regex(/^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/, 'must be a host name');
const vmid = z.int().min(100).max(999_999_999);
const options = z.record(z.string(), z.union([z.string(), z.number()]));

const bridge = z.strictObject({
  name: z.string().regex(/^[a-zA-Z][a-zA-Z0-9_]{0,9}$/, 'must be an interface name'),
  vlanAware: z.boolean().default(false),
  address: z.string().optional(),
  ports: z.array(z.string()).default([]),
  comment: z.string().optional(),
});

const node = z.strictObject({
  name,
  ip: z.string().optional(),
  cpus: z.int().min(1).default(16),
  memoryGiB: z.number().positive().default(64),
  rootGiB: z.number().positive().default(100),
  uptimeSeconds: z.number().min(0).default(86_400),
  member: z.boolean().default(true),
  reachable: z.boolean().default(true),
  bridges: z.array(z.union([z.string(), bridge])).default(['vmbr0']),
});

const volume = z.strictObject({
  /** Inside the storage: `iso/debian.iso`, `import/debian12.qcow2`. */
  name: z.string().min(1),
  /** Of the file. */
  sizeMiB: z.number().positive(),
  /** Of the disk in it, if it is another. */
  virtualMiB: z.number().positive().optional(),
  node: z.string().optional(),
});

const CONTENT = ['images', 'iso', 'vztmpl', 'backup', 'snippets', 'import', 'rootdir'] as const;

const storage = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9\-_.]*[a-z0-9]$/i, 'must be a storage id'),
  type: z.enum(['dir', 'nfs', 'lvm', 'lvmthin', 'zfspool', 'rbd']),
  content: z.array(z.enum(CONTENT)).default(['images']),
  sizeGiB: z.number().positive().default(500),
  usedGiB: z.number().min(0).default(0),
  shared: z.boolean().optional(),
  nodes: z.array(z.string()).optional(),
  enabled: z.boolean().default(true),
  path: z.string().optional(),
  volumes: z.array(volume).default([]),
});

const guest = z.strictObject({
  os: z.enum(['linux', 'none']).default('linux'),
  bootMs: z.number().min(0).default(8000),
  shutdownMs: z.number().min(0).default(2000),
  /** Absent: no agent; null too, to say so. */
  agentAfterMs: z.number().min(0).nullable().default(2000),
  ignoresShutdown: z.boolean().default(false),
});

const vm = z.strictObject({
  vmid,
  node: z.string(),
  /**
   * Options as for POST qemu: `scsi0: local-lvm:32` makes a disk of 32 GiB, `ide2: local-lvm:cloudinit` a cloud-init
   * drive. What Proxmox adds by itself is added.
   */
  config: options.default({}),
  template: z.boolean().default(false),
  running: z.boolean().default(false),
  /** How much of its disks is written. */
  usedGiB: z.number().min(0).default(0.5),
  guest: guest.prefault({}),
});

const token = z.strictObject({
  id: z.string().min(1),
  secret: z.string().min(1),
  privsep: z.boolean().default(false),
  /** Seconds since the epoch. */
  expire: z.int().min(0).default(0),
});

const user = z.strictObject({
  id: z.string().regex(/^[^\s:/]+@[A-Za-z][\w.-]+$/, 'must be user@realm'),
  password: z.string().optional(),
  enable: z.boolean().default(true),
  expire: z.int().min(0).default(0),
  groups: z.array(z.string()).default([]),
  tokens: z.array(token).default([]),
});

const acl = z
  .strictObject({
    path: z.string().startsWith('/'),
    user: z.string().optional(),
    group: z.string().optional(),
    token: z.string().optional(),
    role: z.string(),
    propagate: z.boolean().default(true),
  })
  .refine(entry => [entry.user, entry.group, entry.token].filter(who => who !== undefined).length === 1, {
    error: 'needs exactly one of user, group and token',
  });

const pool = z.strictObject({
  id: z.string().min(1),
  comment: z.string().optional(),
  vms: z.array(vmid).default([]),
  storages: z.array(z.string()).default([]),
});

/** The description of a cluster before anything happens, as JSON or YAML. */
export const seedSchema = z.strictObject({
  cluster: z
    .strictObject({ name: z.string().optional(), options: z.record(z.string(), z.string()).default({}) })
    .prefault({}),
  nodes: z.array(node).min(1),
  storages: z.array(storage).default([]),
  vms: z.array(vm).default([]),
  containers: z.array(z.strictObject({ vmid, node: z.string(), name: z.string() })).default([]),
  pools: z.array(pool).default([]),
  users: z.array(user).default([]),
  groups: z.array(z.strictObject({ id: z.string(), comment: z.string().optional() })).default([]),
  roles: z.record(z.string(), z.array(z.string())).default({}),
  acl: z.array(acl).default([]),
});

/** A seed as it is written: what has a default may be left out. */
export type Seed = z.input<typeof seedSchema>;

/** A seed with all defaults. */
export type FullSeed = z.output<typeof seedSchema>;

/** Reads a seed. @throws Error that lists each problem with the place it is at. */
export function parseSeed(value: unknown): FullSeed {
  const result = seedSchema.safeParse(value);
  if (result.success) return result.data;
  throw new Error(`the seed is not valid:\n${z.prettifyError(result.error)}`);
}
