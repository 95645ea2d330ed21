import { poolsByVm } from '../auth/membership.ts';
import { may } from '../auth/permissions.ts';
import { createVmGate } from '../auth/vm-gate.ts';
import { type Call, type Identity, text, type World } from '../engine/world.ts';
import { JsonText } from '../http/json-text.ts';
import type { NodeState, StorageState, VmState, VmStatistics } from '../state/types.ts';
import { isOnNode } from '../storage/volumes.ts';

/** One line of /cluster/resources. */
type Line = Record<string, unknown>;

/** GET /cluster/resources: existence, place, pool, tags and lock are fresh, all else is from the last broadcast. */
export function listResources(call: Call): JsonText {
  const { world, who, params } = call;
  const type = text(params, 'type');
  const wants = (kind: string) => type === undefined || type === kind;
  const texts = [
    ...(wants('pool') ? poolLines(world, who) : []).map(line => JSON.stringify(line)),
    ...(wants('vm') ? guestTexts(world, who) : []),
    ...[
      ...(wants('node') ? nodeLines(world, who) : []),
      ...(wants('storage') ? storageLines(world, who) : []),
      ...(wants('sdn') ? zoneLines(world, who) : []),
    ].map(line => JSON.stringify(line)),
  ];
  return new JsonText(`[${texts.join(',')}]`);
}

function poolLines(world: World, who: Identity): Line[] {
  return Object.keys(world.state.pools)
    .filter(pool => may(world, who.authid, `/pool/${pool}`, ['Pool.Audit']))
    .sort()
    .map(pool => ({ id: `/pool/${pool}`, pool, type: 'pool' }));
}

function guestTexts(world: World, who: Identity): string[] {
  const visible = createVmGate(world, who.authid, ['VM.Audit']);
  const seesPool = poolGate(world, who);
  const pools = poolsByVm(world.state);
  const texts: string[] = [];
  for (const vm of Object.values(world.state.vms)) {
    if (visible(vm.vmid)) texts.push(vmText(world, vm, pools.get(vm.vmid), seesPool));
  }
  for (const { vmid, node, name } of Object.values(world.state.containers)) {
    if (visible(vmid))
      texts.push(JSON.stringify({ id: `lxc/${vmid}`, vmid, node, type: 'lxc', status: 'stopped', name }));
  }
  return texts;
}

/** Whether the caller may see a pool, asked once for each. */
function poolGate(world: World, who: Identity): (pool: string) => boolean {
  const known = new Map<string, boolean>();
  return pool => {
    const before = known.get(pool);
    if (before !== undefined) return before;
    const sees = may(world, who.authid, `/pool/${pool}`, ['Pool.Audit']);
    known.set(pool, sees);
    return sees;
  };
}

/** The last text of a VM's line, with all that is in it beside the broadcast that it was made from. */
interface MadeText {
  node: string;
  pool: string | undefined;
  lock: string | undefined;
  tags: string | undefined;
  hastate: string | undefined;
  text: string;
}

const madeTexts = new WeakMap<VmStatistics, MadeText>();

function vmText(world: World, vm: VmState, pool: string | undefined, seesPool: (pool: string) => boolean): string {
  const told = world.state.broadcasts.vms[vm.vmid];
  const { lock, tags } = vm.config.current;
  const shown = pool !== undefined && seesPool(pool) ? pool : undefined;
  const hastate = world.state.ha[`vm:${vm.vmid}`]?.state;
  const known = told && madeTexts.get(told);
  const isSame =
    known !== undefined &&
    known.node === vm.node &&
    known.pool === shown &&
    known.lock === lock &&
    known.tags === tags &&
    known.hastate === hastate;
  if (isSame) return known.text;
  const text = JSON.stringify({ ...vmStatistics(world, vm), pool: shown, lock, tags, hastate });
  if (told !== undefined) madeTexts.set(told, { node: vm.node, pool: shown, lock, tags, hastate, text });
  return text;
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
