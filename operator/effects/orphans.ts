import type { ProxmoxCluster, VirtualMachine } from '#api/kinds.ts';
import type { Store } from '#kube/store.ts';
import { ProxmoxError } from '#proxmox/errors.ts';
import { type Marker, parseMarker } from '../core/marker.ts';
import { type Orphan, suspects } from '../core/orphans.ts';
import type { ClusterLink } from './cluster-link.ts';

/** How long a machine without a resource is not spoken of: the inventory lags, and a watch does, too. */
const graceMs = 60_000;

/** Descriptions that are read in one look: after a restored etcd there may be thousands. */
const mostReads = 10;

interface Suspect {
  since: number;
  /** Its marker once it was read; null where it has none of ours. */
  marker?: Marker | null;
}

/** What is known of machines that no resource holds, from look to look: each description is read once. */
export class OrphanSearch {
  readonly #machines: Store<VirtualMachine>;
  readonly #clusterId: string;
  readonly #now: () => number;
  readonly #suspects = new Map<string, Suspect>();

  /** `clusterId` is that of this Kubernetes cluster in markers. */
  constructor(machines: Store<VirtualMachine>, clusterId: string, now: () => number) {
    this.#machines = machines;
    this.#clusterId = clusterId;
    this.#now = now;
  }

  /** Looks through the latest inventory of a cluster. Changes nothing; a read that fails is made again. */
  async look(link: ClusterLink, { metadata, spec, status }: ProxmoxCluster): Promise<Orphan[]> {
    const listed = link.inventory.latest?.vms ?? [];
    const held = new Set(
      [...(status?.inFlight ?? []), ...(status?.abandoned ?? []), ...this.#heldIn(metadata.name)].map(
        ({ vmid }) => vmid,
      ),
    );
    const found = suspects(listed, spec.vmidRange, held);
    const keys = new Set(found.map(({ vmid }) => `${metadata.name} ${vmid}`));
    for (const key of this.#suspects.keys()) {
      if (key.startsWith(`${metadata.name} `) && !keys.has(key)) this.#suspects.delete(key);
    }
    const orphans: Orphan[] = [];
    let reads = 0;
    for (const { vmid, node } of found) {
      const key = `${metadata.name} ${vmid}`;
      const known = this.#suspects.get(key) ?? { since: this.#now() };
      this.#suspects.set(key, known);
      if (this.#now() - known.since < graceMs) continue;
      if (known.marker === undefined && reads < mostReads) {
        reads += 1;
        known.marker = await this.#markerOf(link, node, vmid);
      }
      if (known.marker) orphans.push({ vmid, namespace: known.marker.namespace, name: known.marker.name });
    }
    return orphans;
  }

  #heldIn(cluster: string): { vmid: number }[] {
    return this.#machines
      .list()
      .flatMap(({ status }) =>
        status?.cluster === cluster && status.vmid !== undefined ? [{ vmid: status.vmid }] : [],
      );
  }

  async #markerOf(link: ClusterLink, node: string, vmid: number): Promise<Marker | null | undefined> {
    try {
      const marker = parseMarker((await link.client.vmConfig(node, vmid)).description);
      return marker?.clusterId === this.#clusterId && marker.vmid === vmid ? marker : null;
    } catch (error) {
      if (error instanceof ProxmoxError) return undefined;
      throw error;
    }
  }
}
