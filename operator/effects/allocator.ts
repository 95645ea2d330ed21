import { isDeepStrictEqual } from 'node:util';
import { type ProxmoxCluster, proxmoxClusters } from '#api/kinds.ts';
import type { Claim } from '#api/proxmox-cluster.ts';
import type { KubeClient } from '#kube/client.ts';
import { isConflict } from '#kube/errors.ts';
import { type Allocation, allocate, type ClaimRequest, type NodeCapacity } from '../core/allocation.ts';
import type { Finding } from '../core/decision.ts';

/** How often a write is tried again that somebody else was faster with. */
const mostConflicts = 10;

/** What the allocator must know of a cluster beside its resource. */
export interface AllocatorSources {
  kube: KubeClient;
  /** VMIDs that Proxmox or any resource has. */
  takenVmids: () => Set<number>;
  nodes: (inFlight: Claim[]) => NodeCapacity[];
}

/**
 * Claims VMIDs and places in one ProxmoxCluster. Requests that come while a write is under way share the next one, and
 * every write is a compare-and-swap, so two operators never give out the same VMID.
 */
export class Allocator {
  readonly #cluster: string;
  readonly #sources: AllocatorSources;
  #pending: Pending[] = [];
  #released = new Set<string>();
  #running = false;
  #lastVmid = 0;

  constructor(cluster: string, sources: AllocatorSources) {
    this.#cluster = cluster;
    this.#sources = sources;
  }

  /** The claim of a machine, new or as it stands; or why there is none. Rejects when Kubernetes cannot be written. */
  claim(request: ClaimRequest): Promise<Claim | Finding> {
    const answer = Promise.withResolvers<Claim | Finding>();
    this.#pending.push({ request, answer });
    if (!this.#running) void this.#run();
    return answer.promise;
  }

  /** Notes that these claims are no longer needed; they leave with the next write, or with {@link flush}. */
  release(uids: string[]): void {
    for (const uid of uids) this.#released.add(uid);
  }

  /** Writes what was released. Rejects when Kubernetes cannot be written. */
  async flush(): Promise<void> {
    if (this.#released.size > 0 && !this.#running) await this.#write([]);
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#pending.length > 0) {
      const batch = this.#pending.splice(0);
      try {
        const { granted, refused } = await this.#write(batch.map(({ request }) => request));
        for (const { request, answer } of batch) {
          const given = granted.get(request.uid) ?? refused.get(request.uid);
          if (given) answer.resolve(given);
        }
      } catch (error) {
        for (const { answer } of batch) answer.reject(error);
      }
    }
    this.#running = false;
  }

  async #write(requests: ClaimRequest[]): Promise<Allocation> {
    for (let conflicts = 0; ; conflicts++) {
      const cluster = await this.#sources.kube.get<ProxmoxCluster>(proxmoxClusters, { name: this.#cluster });
      const released = [...this.#released];
      const before = cluster.status?.inFlight ?? [];
      const standing = before.filter(({ uid }) => !released.includes(uid));
      const abandoned = cluster.status?.abandoned?.map(({ vmid }) => vmid) ?? [];
      const allocation = allocate(requests, {
        spec: cluster.spec,
        nodes: this.#sources.nodes(standing),
        inFlight: standing,
        takenVmids: new Set([...this.#sources.takenVmids(), ...abandoned]),
        lastVmid: this.#lastVmid,
      });
      try {
        if (!isDeepStrictEqual(before, allocation.inFlight)) {
          const status = { ...cluster.status, inFlight: allocation.inFlight };
          await this.#sources.kube.replaceStatus(proxmoxClusters, { ...cluster, status });
        }
        this.#lastVmid = allocation.lastVmid;
        for (const uid of released) this.#released.delete(uid);
        return allocation;
      } catch (error) {
        if (!isConflict(error) || conflicts >= mostConflicts) throw error;
      }
    }
  }
}

interface Pending {
  request: ClaimRequest;
  answer: PromiseWithResolvers<Claim | Finding>;
}
