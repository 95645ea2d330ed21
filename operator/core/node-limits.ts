import type { ProxmoxClusterSpec } from '#api/proxmox-cluster.ts';
import { toMiB } from '#api/quantity.ts';
import type { VmQuotaSpec } from '#api/vm-quota.ts';

/** What some machines take of a node. Memory is in MiB. */
export interface NodeUse {
  vms: number;
  cpu: number;
  memoryMiB: number;
}

/** Nothing. */
export const noUse: NodeUse = { vms: 0, cpu: 0, memoryMiB: 0 };

/** The caps of a node, as the ProxmoxCluster has them. */
export const capsOf = ({ nodes }: ProxmoxClusterSpec, node: string): Caps | undefined =>
  nodes.find(({ name }) => name === node);

/** Whether a node has any. */
export const isCapped = (caps: Caps | undefined): boolean =>
  caps?.maxVMs !== undefined || caps?.maxCPU !== undefined || caps?.maxMemory !== undefined;

/**
 * Whether what is on a node limits a demand: then it must not be taken from a watch, which lags. To read every machine
 * anew costs the operator about a second for 10,000 of them, so it is not done for nodes that nothing limits.
 */
export const hasLimits = (
  { nodes }: ProxmoxClusterSpec,
  { candidates, shares }: { candidates: string[]; shares?: VmQuotaSpec['perNode'] },
): boolean => shares !== undefined || nodes.some(node => candidates.includes(node.name) && isCapped(node));

type Caps = Pick<ProxmoxClusterSpec['nodes'][number], 'maxVMs' | 'maxCPU' | 'maxMemory'>;

/** Why a node would be above its caps with so much on it, or undefined. */
export function aboveCaps(caps: Caps | undefined, { vms, cpu, memoryMiB }: NodeUse): string | undefined {
  return (
    above(caps?.maxVMs, vms, 'machines') ??
    above(caps?.maxCPU, cpu, 'CPUs') ??
    above(caps?.maxMemory === undefined ? undefined : toMiB(caps.maxMemory), memoryMiB, 'MiB of memory')
  );
}

/** Why a namespace would be above its share of a node with so much on it, or undefined. */
export function aboveShare(
  share: NonNullable<VmQuotaSpec['perNode']>[number] | undefined,
  { vms, cpu, memoryMiB }: NodeUse,
): string | undefined {
  const found =
    above(share?.vms, vms, 'machines') ??
    above(share?.cpu, cpu, 'CPUs') ??
    above(share?.memory === undefined ? undefined : toMiB(share.memory), memoryMiB, 'MiB of memory');
  return found && `${found} of the namespace (VmQuota perNode)`;
}

/** Several uses as one. */
export function together(...uses: NodeUse[]): NodeUse {
  const sum = { ...noUse };
  for (const { vms, cpu, memoryMiB } of uses) {
    sum.vms += vms;
    sum.cpu += cpu;
    sum.memoryMiB += memoryMiB;
  }
  return sum;
}

/** What a claim takes of a node beyond what its machine is charged with there, if it is there already. */
export const beyond = ({ cpu, memoryMiB }: Pick<NodeUse, 'cpu' | 'memoryMiB'>, there: NodeUse = noUse): NodeUse => ({
  vms: 1 - there.vms,
  cpu: Math.max(0, cpu - there.cpu),
  memoryMiB: Math.max(0, memoryMiB - there.memoryMiB),
});

const above = (limit: number | undefined, wanted: number, unit: string): string | undefined =>
  limit !== undefined && wanted > limit ? `${wanted} ${unit} would be above the limit of ${limit}` : undefined;
