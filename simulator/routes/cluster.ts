import type { Call, Handlers } from '../engine/world.ts';
import { number } from '../engine/world.ts';
import { demandFree, nextFreeId } from '../vm/cluster.ts';
import { listResources, memberNodes } from './resources.ts';
import { listClusterTasks } from './tasks.ts';

/** /cluster, but for HA, SDN and the firewall. */
export const cluster: Handlers = {
  'GET /cluster/status': clusterStatus,
  'GET /cluster/resources': listResources,
  'GET /cluster/nextid': nextId,
  'GET /cluster/tasks': listClusterTasks,
  'GET /cluster/options': clusterOptions,
  'GET /cluster/config/nodes': () => [],
  'GET /cluster/backup': () => [],
};

function clusterStatus({ world, node: local }: Call): unknown[] {
  const members = memberNodes(world);
  const { name, quorate } = world.state.cluster;
  const nodes = members.map(node => ({
    type: 'node',
    id: `node/${node.name}`,
    name: node.name,
    nodeid: name === undefined ? 0 : node.nodeid,
    ip: node.ip,
    local: node.name === local ? 1 : 0,
    online: node.reachable ? 1 : 0,
    level: '',
  }));
  if (name === undefined) return nodes;
  const cluster = {
    type: 'cluster',
    id: 'cluster',
    name,
    nodes: members.length,
    version: members.length,
    quorate: quorate ? 1 : 0,
  };
  return [cluster, ...nodes];
}

/** A free VMID as text, or 400 for a given one that is taken. Nothing is reserved. */
function nextId({ world, params }: Call): string {
  const wish = number(params, 'vmid');
  if (wish === undefined) return String(nextFreeId(world));
  demandFree(world, wish);
  return String(wish);
}

function clusterOptions({ world }: Call): Record<string, unknown> {
  return { mac_prefix: 'BC:24:11', description: '', 'allowed-tags': [], ...world.state.cluster.options };
}
