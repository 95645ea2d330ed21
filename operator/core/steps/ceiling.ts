import { clusterOf, isCluster } from '../cluster-of.ts';
import { type Demand, stall, type Verdict } from '../decision.ts';
import { askedSize } from '../held-size.ts';
import type { ConfigChange } from '../machine.ts';
import { aboveCaps, aboveShare, capsOf, isCapped, type NodeUse } from '../node-limits.ts';
import type { Observed } from '../observed.ts';

/**
 * F105: a machine that is there does not grow above the caps of its node, nor above its namespace's share of it. What
 * the others ask for counts as if they had it, so that of two that grow at once not both can; and what they still have
 * counts until it is taken back.
 */
export function ceiling(o: Observed): Verdict | undefined {
  const message = aboveCeiling(o);
  return message === undefined ? undefined : stall('NodeCapReached', message);
}

/** A change of the configuration without a growth that its node has no room for. */
export function belowCeiling(o: Observed, change: ConfigChange | undefined): ConfigChange | undefined {
  if (change === undefined || aboveCeiling(o) === undefined) return change;
  const { cores: _cores, sockets: _sockets, memoryMiB: _memoryMiB, ...rest } = change;
  return Object.keys(rest).length > 0 ? rest : undefined;
}

/**
 * What a machine asks for that grows on a node with limits: it is decided by compare-and-swap with the claims of the
 * cluster, since what the watch has told may be old. Undefined where it does not grow, or nothing limits it.
 */
export function growthOf(o: Observed): Demand | undefined {
  const growing = growingOf(o);
  if (!growing || !(isCapped(growing.caps) || growing.share)) return undefined;
  const { node, grows, share } = growing;
  return { ...askedSize(o.vm), candidates: [node], grows, ...(share && { shares: [share] }) };
}

/** Whether a machine grows that only its node's limits may still hinder. */
export const mayGrow = (o: Observed): boolean => growthOf(o) !== undefined && aboveCeiling(o) === undefined;

function aboveCeiling(o: Observed): string | undefined {
  if (o.growth) return o.growth.granted ? undefined : o.growth.message;
  const growing = growingOf(o);
  if (!growing || !o.useOfNode) return undefined;
  const { node, grows, caps, share } = growing;
  // Only what grows can be refused.
  const ofGrowth = (use: NodeUse): NodeUse => ({
    vms: 0,
    cpu: grows.cpu ? use.cpu : 0,
    memoryMiB: grows.memory ? use.memoryMiB : 0,
  });
  const { all, own } = o.useOfNode(node);
  const why = aboveCaps(caps, ofGrowth(all)) ?? aboveShare(share, ofGrowth(own));
  return why && `spec.resources: on node ${node} ${why}.`;
}

/** What of a machine that is there grows, and what limits it. */
function growingOf({ vm, config, quota, clusters }: Observed) {
  if (!config?.found) return undefined;
  const { node } = config;
  const { cores, sockets, memoryMiB } = config.config;
  const { createdAt, allocation } = vm.status ?? {};
  // One in the making is to become as large as was claimed for it.
  const has = (createdAt === undefined && allocation) || { cpu: cores * sockets, memoryMiB };
  const asked = askedSize(vm);
  const grows = { cpu: asked.cpu > has.cpu, memory: asked.memoryMiB > has.memoryMiB };
  if (!grows.cpu && !grows.memory) return undefined;
  const cluster = clusterOf(vm, clusters);
  if (!isCluster(cluster)) return undefined;
  const share = quota?.granted ? quota.shares?.find(candidate => candidate.node === node) : undefined;
  return { node, grows, caps: capsOf(cluster.spec, node), share };
}
