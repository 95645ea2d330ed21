import type { Finding } from './decision.ts';
import { berthTag } from './desired-config.ts';

/** A machine in the inventory, as far as it matters here. */
export interface ListedMachine {
  vmid: number;
  node: string;
  type: string;
  template: boolean;
  tags: readonly string[];
}

/** A machine that carries a marker of this Kubernetes cluster, and that no resource holds. */
export interface Orphan {
  vmid: number;
  namespace: string;
  name: string;
}

/** Machines that may be Berth's and that nobody holds: their descriptions have to be read. */
export const suspects = <Machine extends ListedMachine>(
  listed: readonly Machine[],
  range: { start: number; end: number },
  held: ReadonlySet<number>,
): Machine[] =>
  listed.filter(
    ({ vmid, type, template, tags }) =>
      type === 'qemu' &&
      !template &&
      tags.includes(berthTag) &&
      vmid >= range.start &&
      vmid <= range.end &&
      !held.has(vmid),
  );

/** Machines that are named in a sentence; the number says how many there are. */
const mostNamed = 10;

/** What is said of machines without a resource, as after etcd was restored from an older snapshot. */
export function orphansFound(orphans: readonly Orphan[]): Finding | undefined {
  if (orphans.length === 0) return undefined;
  // Proxmox lists in any order, and what says the same must be the same text.
  const sorted = orphans.toSorted((a, b) => a.vmid - b.vmid);
  const named = sorted.slice(0, mostNamed).map(({ vmid, namespace, name }) => `${vmid} (${namespace}/${name})`);
  const rest = orphans.length > mostNamed ? ' and others' : '';
  const message =
    `No resource holds machines in Proxmox that carry Berth's marker (${orphans.length}): ${named.join(', ')}${rest}. ` +
    'Nothing is done to them.';
  return { reason: 'NoResource', message };
}
