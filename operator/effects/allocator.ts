import { isDeepStrictEqual } from 'node:util';
import { type ProxmoxCluster, proxmoxClusters, type VirtualMachine } from '#api/kinds.ts';
import type { Claim, ProxmoxClusterStatus } from '#api/proxmox-cluster.ts';
import type { KubeClient } from '#kube/client.ts';
import { isConflict } from '#kube/errors.ts';
import { type Allocation, allocate, type ClaimRequest, type NodeCapacity } from '../core/allocation.ts';
import type { Finding } from '../core/decision.ts';
import { hasLimits } from '../core/node-limits.ts';

/** How often a write is tried again that somebody else was faster with. */
const mostConflicts = 10;

/** What the allocator must know of a cluster beside its resource. */
export interface AllocatorSources {
  kube: KubeClient;
  /** VMIDs that Proxmox or any resource has. */
  takenVmids: () => Set<number>;
  /** What nodes have, and what is taken of them; what limits are held against is counted of these machines. */
  nodes: (inFlight: Claim[], machines: VirtualMachine[]) => NodeCapacity[];
  /** Every VirtualMachine, as the API server has it now. */
  machines: () => Promise<VirtualMachine[]>;
  /** Milliseconds since the epoch. */
  now: () => number;
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
  #reclaimed = new Set<number>();
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

  /** Notes that nothing is left under an abandoned VMID; it leaves the list as a released claim leaves its. */
  reclaim(vmid: number): void {
    this.#reclaimed.add(vmid);
  }

  /** Writes what was released and reclaimed. Rejects when Kubernetes cannot be written. */
  async flush(): Promise<void> {
    if (this.#released.size + this.#reclaimed.size > 0 && !this.#running) await this.#write([]);
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
      const reclaimed = [...this.#reclaimed];
      const before = { inFlight: cluster.status?.inFlight ?? [], abandoned: cluster.status?.abandoned ?? [] };
      const abandoned = withAbandoned(before.abandoned, requests, this.#sources.now()).filter(
        ({ vmid }) => !reclaimed.includes(vmid),
      );
      const givenUp = new Set(requests.map(({ uid, abandon }) => `${uid} ${abandon?.vmid}`));
      const standing = before.inFlight.filter(
        ({ uid, vmid }) => !released.includes(uid) && !givenUp.has(`${uid} ${vmid}`),
      );
      const allocation = await this.#allocate(cluster, requests, standing, abandoned);
      try {
        const after = { inFlight: allocation.inFlight, abandoned };
        if (!isDeepStrictEqual(before, after)) {
          const status = { ...cluster.status, ...after };
          await this.#sources.kube.replaceStatus(proxmoxClusters, { ...cluster, status });
        }
        for (const vmid of reclaimed) this.#reclaimed.delete(vmid);
        this.#lastVmid = allocation.lastVmid;
        for (const uid of released) this.#released.delete(uid);
        return allocation;
      } catch (error) {
        if (!isConflict(error) || conflicts >= mostConflicts) throw error;
      }
    }
  }

  /** What is only given back needs no look at Proxmox, which may not have answered yet. */
  async #allocate(
    { spec, metadata }: ProxmoxCluster,
    requests: ClaimRequest[],
    inFlight: Claim[],
    abandoned: AbandonedVmid[],
  ): Promise<Allocation> {
    const lastVmid = this.#lastVmid;
    if (requests.length === 0) return { granted: new Map(), refused: new Map(), inFlight, lastVmid };
    // Read after the resource: what was asked or granted before its version is seen, and what comes later conflicts.
    const isLimited = requests.some(({ demand }) => hasLimits(spec, demand));
    const live = isLimited ? await this.#sources.machines() : undefined;
    const here = live?.filter(({ status }) => status?.cluster === metadata.name);
    return allocate(requests, {
      spec,
      nodes: this.#sources.nodes(inFlight, here ?? []),
      ...(here && { generations: new Map(here.map(vm => [vm.metadata.uid ?? '', vm.metadata.generation])) }),
      inFlight,
      takenVmids: new Set([...this.#sources.takenVmids(), ...abandoned.map(({ vmid }) => vmid)]),
      lastVmid,
    });
  }
}

type AbandonedVmid = NonNullable<ProxmoxClusterStatus['abandoned']>[number];

function withAbandoned(listed: AbandonedVmid[], requests: ClaimRequest[], now: number): AbandonedVmid[] {
  const since = new Date(now).toISOString();
  const added = requests.flatMap(({ uid, abandon }) => (abandon ? [{ ...abandon, since, uid }] : []));
  return [...listed, ...added.filter(({ vmid }) => !listed.some(entry => entry.vmid === vmid))];
}

interface Pending {
  request: ClaimRequest;
  answer: PromiseWithResolvers<Claim | Finding>;
}
