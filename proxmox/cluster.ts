import { z } from 'zod';
import type { Ask } from './ask.ts';
import { ProxmoxError } from './errors.ts';
import { type Inventory, inventoryAnswer } from './inventory.ts';
import { flag, list, maybe, numeric, text } from './lenient.ts';

const versionAnswer = z.object({ version: text, release: text });

const clusterStatusAnswer = z.array(z.object({ type: z.string(), name: text, online: flag, quorate: flag }));

const permissionsAnswer = z.record(z.string(), z.record(z.string(), flag));

const networksAnswer = z.array(
  z
    .object({ iface: text, type: text, active: flag, bridge_vlan_aware: flag, comments: maybe(text) })
    .transform(({ iface, bridge_vlan_aware, comments, ...rest }) => ({
      ...rest,
      name: iface,
      vlanAware: bridge_vlan_aware,
      comment: comments?.trim(),
    })),
);

const storagesAnswer = z.array(
  z
    .object({
      storage: text,
      type: text,
      content: list,
      active: flag,
      enabled: flag,
      shared: flag,
      total: maybe(numeric),
      avail: maybe(numeric),
    })
    .transform(({ storage, total, avail, ...rest }) => ({
      ...rest,
      name: storage,
      totalBytes: total,
      availableBytes: avail,
    })),
);

const volumesAnswer = z.array(
  z
    .object({ volid: text, content: text, format: maybe(text), size: maybe(numeric), vmid: maybe(numeric) })
    .transform(({ size, ...rest }) => ({ ...rest, sizeBytes: size })),
);

/** What a cluster says of itself. */
export interface ClusterStatus {
  /** Absent for a node that never joined a cluster. */
  clusterName: string | undefined;
  quorate: boolean;
  nodes: { name: string; online: boolean }[];
}

/** A bridge that VMs can be plugged into. */
export type Network = z.output<typeof networksAnswer>[number];

/** A storage as one node sees it. */
export type Storage = z.output<typeof storagesAnswer>[number];

/** A volume on a storage: `volid` is what names it, as `local:iso/debian.iso`. */
export type Volume = z.output<typeof volumesAnswer>[number];

/** Calls about the cluster and its nodes. Each throws ProxmoxError. */
export interface ClusterCalls {
  version(): Promise<{ version: string; release: string }>;
  clusterStatus(): Promise<ClusterStatus>;
  /** Everything at once, and up to ten seconds old: see {@link Inventory}. */
  resources(): Promise<Inventory>;
  /** The token's own privileges by path; all paths that have any, or the one asked for. */
  permissions(path?: string): Promise<Record<string, Record<string, boolean>>>;
  /** Whether a VMID is in use anywhere in the cluster, also by a VM that this token may not see. */
  nextIdTaken(vmid: number): Promise<boolean>;
  /** Bridges of a node, those of the SDN included. Proxmox accepts a missing one: it has to be looked for here. */
  networks(node: string): Promise<Network[]>;
  /** Storages that a node may use, also those that are disabled. */
  storages(node: string): Promise<Storage[]>;
  /** What lies on a storage: `content` is `iso`, `images`, `import`, … */
  volumes(node: string, storage: string, content: string): Promise<Volume[]>;
}

/** Binds {@link ClusterCalls}. */
export function clusterCalls(ask: Ask): ClusterCalls {
  return {
    version: () => ask('version', {}, {}, versionAnswer),
    async clusterStatus() {
      const entries = await ask('clusterStatus', {}, {}, clusterStatusAnswer);
      const cluster = entries.find(({ type }) => type === 'cluster');
      const nodes = entries.filter(({ type }) => type === 'node').map(({ name, online }) => ({ name, online }));
      // A node on its own has no such entry and nobody to agree with.
      return { clusterName: cluster?.name, quorate: cluster?.quorate ?? true, nodes };
    },
    resources: () => ask('resources', {}, {}, inventoryAnswer),
    permissions: path => ask('permissions', {}, { path }, permissionsAnswer),
    async nextIdTaken(vmid) {
      try {
        await ask('nextId', {}, { vmid }, z.unknown());
        return false;
      } catch (error) {
        if (error instanceof ProxmoxError && error.kind === 'conflict') return true;
        throw error;
      }
    },
    networks: node => ask('networks', { node }, { type: 'any_bridge' }, networksAnswer),
    storages: node => ask('storages', { node }, {}, storagesAnswer),
    volumes: (node, storage, content) => ask('volumes', { node, storage }, { content }, volumesAnswer),
  };
}
