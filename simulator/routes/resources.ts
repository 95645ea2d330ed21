import { poolOfVm } from '../auth/membership.ts';
import { may } from '../auth/permissions.ts';
import { createVmGate } from '../auth/vm-gate.ts';
import { type Call, type Identity, text, type World } from '../engine/world.ts';
import type { NodeState, StorageState, VmState } from '../state/types.ts';
import { isOnNode } from '../storage/volumes.ts';

/** One line of /cluster/resources. */
type Line = Record<string, unknown>;

/** GET /cluster/resources: existence, place, pool, tags and lock are fresh, all else is from the last broadcast. */
export function listResources(call: Call): Line[] {
  const { world, who, params } = call;
  const type = text(params, 'type');
  const wants = (kind: string) => type === undefined || type === kind;
  return [
    ...(wants('pool') ? poolLines(world, who) : []),
    ...(wants('vm') ? guestLines(world, who) : []),
    ...(wants('node') ? nodeLines(world, who) : []),
    ...(wants('storage') ? storageLines(world, who) : []),
    ...(wants('sdn') ? zoneLines(world, who) : []),
  ];
}

function poolLines(world: World, who: Identity): Line[] {
  return Object.keys(world.state.pools)
    .filter(pool => may(world, who.authid, `/pool/${pool}`, ['Pool.Audit']))
    .sort()
    .map(pool => ({ id: `/pool/${pool}`, pool, type: 'pool' }));
}

function guestLines(world: World, who: Identity): Line[] {
  const visible = createVmGate(world, who.authid, ['VM.Audit']);
  const lines: Line[] = [];
  for (const vm of Object.values(world.state.vms)) if (visible(vm.vmid)) lines.push(vmLine(world, who, vm));
  for (const { vmid, node, name } of Object.values(world.state.containers)) {
    if (visible(vmid)) lines.push({ id: `lxc/${vmid}`, vmid, node, type: 'lxc', status: 'stopped', name });
  }
  return lines;
}

function vmLine(world: World, who: Identity, vm: VmState): Line {
  const line = vmStatistics(world, vm);
  const pool = poolOfVm(world.state, vm.vmid);
  if (pool !== undefined && may(world, who.authid, `/pool/${pool}`, ['Pool.Audit'])) line.pool = pool;
  const { lock, tags } = vm.config.current;
  if (lock !== undefined) line.lock = lock;
  if (tags !== undefined) line.tags = tags;
  const ha = world.state.ha[`vm:${vm.vmid}`];
  if (ha !== undefined) line.hastate = ha.state;
  return line;
}

/** A VM's line without what only pmxcfs knows; `unknown` until the first broadcast. */
export function vmStatistics(world: World, vm: VmState): Line {
  const line: Line = { id: `qemu/${vm.vmid}`, vmid: vm.vmid, node: vm.node, type: 'qemu', status: 'unknown' };
  const told = world.state.broadcasts.vms[vm.vmid];
  if (told === undefined) return line;
  const { at: _, ...statistics } = told;
  Object.assign(line, statistics, { disk: 0 });
  if (world.release !== '8.4') line.memhost = told.mem;
  return line;
}

/** The nodes that corosync knows, by name. */
export function memberNodes(world: World): NodeState[] {
  return Object.values(world.state.nodes)
    .filter(node => node.member)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function nodeLines(world: World, who: Identity): Line[] {
  return memberNodes(world).map(node => ({ ...nodeStatistics(world, who, node), 'cgroup-mode': 2 }));
}

/** A node's line; figures only for those with Sys.Audit. */
export function nodeStatistics(world: World, who: Identity, node: NodeState): Line {
  const line: Line = { id: `node/${node.name}`, node: node.name, type: 'node', status: 'unknown' };
  const told = world.state.broadcasts.nodes[node.name];
  const mayAudit = may(world, who.authid, `/nodes/${node.name}`, ['Sys.Audit']);
  if (told !== undefined) {
    if (node.reachable) {
      if (mayAudit) Object.assign(line, told);
      line.status = 'online';
    }
    line.level = '';
    if (mayAudit) Object.assign(line, { maxcpu: node.cpus, maxmem: node.memory, maxdisk: node.rootSize });
  }
  if (!node.reachable) line.status = 'offline';
  return line;
}

function storageLines(world: World, who: Identity): Line[] {
  return Object.values(world.state.storages)
    .filter(storage => may(world, who.authid, `/storage/${storage.id}`, ['Datastore.Audit']))
    .flatMap(storage =>
      memberNodes(world)
        .filter(node => storage.enabled && isOnNode(storage, node.name))
        .map(node => storageStatistics(world, storage, node.name)),
    );
}

/** A storage's line for one node. */
export function storageStatistics(world: World, storage: StorageState, node: string): Line {
  const line: Line = {
    id: `storage/${node}/${storage.id}`,
    storage: storage.id,
    node,
    type: 'storage',
    plugintype: storage.type,
    status: 'unknown',
    shared: storage.shared ? 1 : 0,
    content: storage.content.join(','),
  };
  const told = world.state.broadcasts.storages[`${node}/${storage.id}`];
  if (told !== undefined) Object.assign(line, { maxdisk: told.total, disk: told.used, status: 'available' });
  return line;
}

function zoneLines(world: World, who: Identity): Line[] {
  if (!may(world, who.authid, '/sdn/zones/localnetwork', ['SDN.Audit'])) return [];
  const ids = memberNodes(world).map(({ name }) => name);
  return ids.map(node => ({ id: `sdn/${node}/localnetwork`, sdn: 'localnetwork', node, type: 'sdn', status: 'ok' }));
}
