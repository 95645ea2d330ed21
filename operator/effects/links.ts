import type { ProxmoxCluster } from '#api/kinds.ts';
import type { Clock } from '#proxmox/clock.ts';
import type { TransportOptions } from '#proxmox/transport.ts';
import { type ClusterLink, type LinkEvents, linkIdentity, type OpenTransport, openLink } from './cluster-link.ts';

/** What links are opened with. `events` makes the listeners of one cluster. */
export interface LinksOptions {
  events: (cluster: string) => LinkEvents;
  openTransport: OpenTransport;
  observe?: (cluster: string) => TransportOptions['observe'];
  clock: Clock;
}

/** The links to every ProxmoxCluster, by name. */
export class Links {
  readonly #options: LinksOptions;
  readonly #links = new Map<string, { identity: string; link: ClusterLink }>();

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  get(name: string): ClusterLink | undefined {
    return this.#links.get(name)?.link;
  }

  all(): ClusterLink[] {
    return [...this.#links.values()].map(({ link }) => link);
  }

  /** The link of a cluster: the present one with the token of now, or a new one if how it is reached has changed. */
  connect(cluster: ProxmoxCluster, token: string): ClusterLink {
    const { name } = cluster.metadata;
    const identity = linkIdentity(cluster);
    const present = this.#links.get(name);
    if (present?.identity === identity) {
      present.link.update(cluster, token);
      return present.link;
    }
    void this.disconnect(name);
    const { events, openTransport, observe, clock } = this.#options;
    const link = openLink(cluster, token, events(name), openTransport, observe?.(name), clock);
    this.#links.set(name, { identity, link });
    return link;
  }

  async disconnect(name: string): Promise<void> {
    const present = this.#links.get(name);
    this.#links.delete(name);
    await present?.link.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#links.keys()].map(name => this.disconnect(name)));
  }
}
