import { z } from 'zod';
import { flag, list, maybe, numeric, text } from './lenient.ts';

const vmEntry = z
  .object({
    type: z.enum(['qemu', 'lxc']),
    vmid: numeric,
    node: text,
    name: maybe(text),
    status: maybe(text),
    lock: maybe(text),
    tags: list,
    pool: maybe(text),
    hastate: maybe(text),
    template: flag,
    uptime: maybe(numeric),
    cpu: maybe(numeric),
    maxcpu: maybe(numeric),
    mem: maybe(numeric),
    maxmem: maybe(numeric),
    maxdisk: maybe(numeric),
  })
  .transform(({ status, hastate, uptime, cpu, maxcpu, mem, maxmem, maxdisk, ...rest }) => ({
    ...rest,
    status: status ?? 'unknown',
    haState: hastate,
    uptimeSeconds: uptime,
    cpuLoad: cpu,
    cpus: maxcpu,
    usedMemoryBytes: mem,
    memoryBytes: maxmem,
    diskBytes: maxdisk,
  }));

const nodeEntry = z
  .object({
    node: text,
    status: maybe(text),
    uptime: maybe(numeric),
    cpu: maybe(numeric),
    maxcpu: maybe(numeric),
    mem: maybe(numeric),
    maxmem: maybe(numeric),
  })
  .transform(({ node, status, uptime, cpu, maxcpu, mem, maxmem }) => ({
    name: node,
    online: status === 'online',
    uptimeSeconds: uptime,
    cpuLoad: cpu,
    cpus: maxcpu,
    usedMemoryBytes: mem,
    memoryBytes: maxmem,
  }));

const storageEntry = z
  .object({
    storage: text,
    node: text,
    status: maybe(text),
    shared: flag,
    content: list,
    plugintype: maybe(text),
    disk: maybe(numeric),
    maxdisk: maybe(numeric),
  })
  .transform(({ storage, status, plugintype, disk, maxdisk, ...rest }) => ({
    ...rest,
    name: storage,
    available: status === 'available',
    type: plugintype,
    usedBytes: disk,
    totalBytes: maxdisk,
  }));

/**
 * A VM or a container. Existence, node, pool, tags and lock are fresh; name, status, template and sizes come from a
 * broadcast every ten seconds, are missing for a new VM (`status` is then `unknown`), and **may be those of a dead VM
 * that had the same VMID**. So it tells whom to look at, never what to do. `status` may be `paused`, `prelaunch`, …
 * too; `cpuLoad` is a share of all its CPUs, 0 to 1.
 */
export type InventoryVm = z.output<typeof vmEntry>;

/** A node; `cpuLoad` is a share of all its CPUs, 0 to 1. */
export type InventoryNode = z.output<typeof nodeEntry>;

/** A storage on one node: a shared one has an entry for each node. */
export type InventoryStorage = z.output<typeof storageEntry>;

/** All that the token may see of a cluster, from one call. */
export interface Inventory {
  /** VMs, and containers (`lxc`) since they use up VMIDs. */
  vms: InventoryVm[];
  nodes: InventoryNode[];
  storages: InventoryStorage[];
}

/** Reads `/cluster/resources`. One entry that cannot be read fails the whole: a list is complete, or it is none. */
export const inventoryAnswer = z.array(z.looseObject({ type: z.string() })).transform((entries, context): Inventory => {
  const read = <Entry extends z.ZodType>(schema: Entry, ...types: string[]): z.output<Entry>[] => {
    const parsed = z.array(schema).safeParse(entries.filter(({ type }) => types.includes(type)));
    if (parsed.success) return parsed.data;
    for (const { path, message } of parsed.error.issues) context.addIssue({ code: 'custom', path, message });
    return [];
  };
  return {
    vms: read(vmEntry, 'qemu', 'lxc'),
    nodes: read(nodeEntry, 'node'),
    storages: read(storageEntry, 'storage'),
  };
});
