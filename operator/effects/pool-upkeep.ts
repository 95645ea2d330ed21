import type { ProxmoxCluster, VirtualMachine } from '#api/kinds.ts';
import { namespaces } from '#kube/builtin.ts';
import type { KubeClient } from '#kube/client.ts';
import { isNotFound } from '#kube/errors.ts';
import type { Store } from '#kube/store.ts';
import { ProxmoxError } from '#proxmox/errors.ts';
import { unused } from '../core/pool.ts';
import type { ClusterLink } from './cluster-link.ts';

/** How often pools are looked through: a cluster is looked at more often while machines are made in it. */
const everyMs = 60_000;

/** Removes the pools that Berth has made for namespaces that are gone. */
export class PoolUpkeep {
  readonly #kube: KubeClient;
  readonly #machines: Store<VirtualMachine>;
  readonly #clusterId: string;
  readonly #now: () => number;
  /** When the pools of each cluster were looked through last, and of which generation it was. */
  readonly #last = new Map<string, { at: number; generation: number | undefined }>();
  /** Pools of namespaces without a machine, in the order in which they were looked at. */
  readonly #looked = new Map<string, Set<string>>();

  constructor(kube: KubeClient, machines: Store<VirtualMachine>, clusterId: string, now: () => number) {
    this.#kube = kube;
    this.#machines = machines;
    this.#clusterId = clusterId;
    this.#now = now;
  }

  /**
   * Looks at one pool that none of our machines is in, and removes it if its namespace is gone; answers which. Proxmox
   * refuses one that something else is in, and the next look tries again: never rejects with ProxmoxError.
   */
  async removeOne(link: ClusterLink, { spec, metadata: { generation } }: ProxmoxCluster): Promise<string | undefined> {
    const { poolPrefix: prefix } = spec;
    const last = this.#last.get(link.name);
    const isRecent = last?.generation === generation && last && this.#now() - last.at < everyMs;
    if (prefix === undefined || isRecent) return undefined;
    this.#last.set(link.name, { at: this.#now(), generation });
    try {
      const inUse = new Set(this.#machines.list().map(({ metadata }) => metadata.namespace ?? ''));
      const found = unused(await link.client.pools(), { clusterId: this.#clusterId, prefix }, inUse);
      const looked = this.#looked.get(link.name) ?? new Set();
      this.#looked.set(link.name, looked);
      for (const pool of looked) if (!found.some(candidate => candidate.pool === pool)) looked.delete(pool);
      // One a look: a tenant may have no machine for years, and there may be many of those.
      const candidate = found.find(({ pool }) => !looked.has(pool)) ?? found.find(({ pool }) => pool === first(looked));
      if (!candidate) return undefined;
      looked.delete(candidate.pool);
      looked.add(candidate.pool);
      if (await this.#exists(candidate.namespace)) return undefined;
      link.pools.forget(candidate.pool);
      await link.client.removePool(candidate.pool);
      return candidate.pool;
    } catch (error) {
      if (error instanceof ProxmoxError) return undefined;
      throw error;
    }
  }

  async #exists(name: string): Promise<boolean> {
    try {
      await this.#kube.get(namespaces, { name });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }
}

const first = <T>([one]: Iterable<T>): T | undefined => one;
