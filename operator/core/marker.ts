import type { VirtualMachine } from '#api/kinds.ts';
import type { MachineConfig } from './machine.ts';

/** What the marker line in a machine's Proxmox description says. */
export interface Marker {
  /** Id of the Kubernetes cluster. */
  clusterId: string;
  namespace: string;
  name: string;
  uid: string;
  vmid: number;
}

const line = /^berth: ([^/\s]+)\/([^/\s]+)\/([^/\s]+) uid=(\S+) vmid=(\d+)$/;

/** The marker of a VirtualMachine, once a VMID is claimed for it. */
export function markerOf(vm: VirtualMachine, clusterId: string): Marker {
  const { namespace = '', name, uid = '' } = vm.metadata;
  return { clusterId, namespace, name, uid, vmid: vm.status?.vmid ?? 0 };
}

/** The marker as it stands in the description. */
export const formatMarker = ({ clusterId, namespace, name, uid, vmid }: Marker): string =>
  `berth: ${clusterId}/${namespace}/${name} uid=${uid} vmid=${vmid}`;

/** The first marker in a description, if there is one. */
export function parseMarker(description: string): Marker | undefined {
  for (const candidate of description.split('\n')) {
    const [, clusterId, namespace, name, uid, vmid] = line.exec(candidate.trim()) ?? [];
    if (clusterId && namespace && name && uid && vmid) return { clusterId, namespace, name, uid, vmid: Number(vmid) };
  }
  return undefined;
}

/** A description without its marker lines: the text that people wrote. */
export const withoutMarker = (description: string): string =>
  description
    .split('\n')
    .filter(candidate => !line.test(candidate.trim()))
    .join('\n')
    .trim();

/** The text that people wrote with the marker below it. */
export const withMarker = (text: string, marker: Marker): string =>
  [withoutMarker(text), formatMarker(marker)].filter(Boolean).join('\n\n');

/** Whether a description carries exactly this marker. */
export function carries(description: string, marker: Marker): boolean {
  const found = parseMarker(description);
  return found !== undefined && formatMarker(found) === formatMarker(marker);
}

/** Locks of workers that write a configuration before its description. */
const unsettledLocks = new Set(['clone', 'create', 'destroyed']);

/**
 * Whose machine stands at the claimed VMID. `ours` needs the marker or the UUID that the status remembers. A machine
 * without a marker that is still being written (or unmade) is `undecided`: neither ours to change nor anybody else's.
 */
export function identify(config: MachineConfig, marker: Marker, knownUuid?: string): 'ours' | 'undecided' | 'foreign' {
  if (carries(config.description, marker)) return 'ours';
  if (knownUuid !== undefined && config.uuid === knownUuid) return 'ours';
  const unmarked = parseMarker(config.description) === undefined;
  if (unmarked && config.lock !== undefined && unsettledLocks.has(config.lock)) return 'undecided';
  return 'foreign';
}
