import { toMiB } from '#api/quantity.ts';
import { clusterOf, isCluster } from '../cluster-of.ts';
import { stall, type Verdict } from '../decision.ts';
import type { ConfigChange } from '../machine.ts';
import { aboveCaps, aboveShare, capsOf, type NodeUse } from '../node-limits.ts';
import type { Observed } from '../observed.ts';

/**
 * F105: a machine that is there does not grow above the caps of its node, nor above its namespace's share of it. What
 * the others ask for counts as if they had it, so that of two that grow at once not both can.
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

function aboveCeiling(o: Observed): string | undefined {
  const { vm, config, quota, useOfNode } = o;
  if (!config?.found || vm.status?.createdAt === undefined || !useOfNode) return undefined;
  const { cores, sockets, memoryMiB } = config.config;
  const { resources } = vm.spec;
  const grows = { cpu: resources.cpu > cores * sockets, memory: toMiB(resources.memory) > memoryMiB };
  if (!grows.cpu && !grows.memory) return undefined;
  const cluster = clusterOf(vm, o.clusters);
  if (!isCluster(cluster)) return undefined;
  // Only what grows can be refused.
  const ofGrowth = (use: NodeUse): NodeUse => ({
    vms: 0,
    cpu: grows.cpu ? use.cpu : 0,
    memoryMiB: grows.memory ? use.memoryMiB : 0,
  });
  const { all, own } = useOfNode(config.node);
  const share = quota?.granted ? quota.shares?.find(({ node }) => node === config.node) : undefined;
  const why = aboveCaps(capsOf(cluster.spec, config.node), ofGrowth(all)) ?? aboveShare(share, ofGrowth(own));
  return why && `spec.resources: on node ${config.node} ${why}.`;
}
