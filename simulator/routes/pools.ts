import { changeUsers } from '../auth/change-users.ts';
import { joinPool, leavePool, poolOfVm } from '../auth/membership.ts';
import { demand, may } from '../auth/permissions.ts';
import { died } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import { type Call, flag, type Handlers, required, text, type World } from '../engine/world.ts';
import type { PoolState } from '../state/types.ts';
import { storageStatistics, vmStatistics } from './resources.ts';

/** /pools, in both forms: by path, and by the parameter `poolid`, which nested names need. */
export const pools: Handlers = {
  'GET /pools': listPools,
  'POST /pools': createPool,
  'PUT /pools': updatePool,
  'DELETE /pools': deletePool,
  'GET /pools/{poolid}': ({ world, params, node }) =>
    details(world, required(params, 'poolid'), text(params, 'type'), node),
  'PUT /pools/{poolid}': updatePool,
  'DELETE /pools/{poolid}': deletePool,
};

function poolOf(world: World, id: string): PoolState {
  const pool = world.state.pools[id];
  if (pool === undefined) throw died(`pool '${id}' does not exist`);
  return pool;
}

function listPools({ world, params, who, node }: Call): unknown[] {
  const id = text(params, 'poolid');
  if (id !== undefined) return [details(world, id, text(params, 'type'), node)];
  return Object.entries(world.state.pools)
    .filter(([name]) => may(world, who.authid, `/pool/${name}`, ['Pool.Audit']))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([poolid, { comment }]) => (comment === undefined ? { poolid } : { poolid, comment }));
}

function details(world: World, id: string, type: string | undefined, node: string): Record<string, unknown> {
  const { vms, storages, comment } = poolOf(world, id);
  const guests = vms.flatMap(vmid => world.state.vms[vmid] ?? []);
  const members = [
    ...(type === undefined || type === 'qemu' ? guests.map(vm => vmStatistics(world, vm)) : []),
    ...(type === undefined || type === 'storage'
      ? storages
          .flatMap(name => world.state.storages[name] ?? [])
          .map(storage => storageStatistics(world, storage, node))
      : []),
  ];
  return { poolid: id, members, ...(comment === undefined ? {} : { comment }) };
}

function createPool({ world, params }: Call): Steps<null> {
  const id = required(params, 'poolid');
  const comment = text(params, 'comment');
  return changeUsers(world, 'create pool failed: ', () => {
    if (world.state.pools[id] !== undefined) throw died(`pool '${id}' already exists`);
    const parent = id.includes('/') ? id.slice(0, id.lastIndexOf('/')) : undefined;
    if (parent !== undefined && world.state.pools[parent] === undefined) {
      throw died(`parent '${parent}' of pool '${id}' does not exist`);
    }
    world.state.pools[id] = { vms: [], storages: [], ...(comment === undefined ? {} : { comment }) };
    return null;
  });
}

const list = (value: string | undefined): string[] => (value ?? '').split(/[,;\s]+/).filter(item => item !== '');

function updatePool(call: Call): Steps<null> {
  const { world, params } = call;
  const id = required(params, 'poolid');
  return changeUsers(world, 'update pools failed: ', () => {
    const pool = poolOf(world, id);
    const comment = text(params, 'comment');
    if (comment !== undefined) pool.comment = comment;
    for (const vmid of list(text(params, 'vms')).map(Number)) updateVm(call, id, vmid);
    for (const storage of list(text(params, 'storage'))) updateStorage(call, pool, storage);
    return null;
  });
}

/** Members need rights of their own: a VM VM.Allocate or Permissions.Modify. An unknown VMID is no error. */
function updateVm({ world, params, who }: Call, id: string, vmid: number): void {
  demand(world, who.authid, `/vms/${vmid}`, ['Permissions.Modify', 'VM.Allocate'], true);
  const current = poolOfVm(world.state, vmid);
  if (flag(params, 'delete')) {
    if (current !== id) throw died(`VM ${vmid} is not a pool member`);
    leavePool(world.state, vmid);
    return;
  }
  if (current === id) throw died(`VM ${vmid} is already a pool member`);
  if (current !== undefined) {
    if (!flag(params, 'allow-move')) {
      throw died(`VM ${vmid} belongs already to pool '${current}' and 'allow-move' is not set`);
    }
    demand(world, who.authid, `/pool/${current}`, ['Pool.Allocate']);
  }
  joinPool(world.state, vmid, id);
}

function updateStorage({ world, params, who }: Call, pool: PoolState, storage: string): void {
  demand(world, who.authid, `/storage/${storage}`, ['Permissions.Modify', 'Datastore.Allocate'], true);
  const isMember = pool.storages.includes(storage);
  if (flag(params, 'delete')) {
    if (!isMember) throw died(`Storage '${storage}' is not a pool member`);
    pool.storages = pool.storages.filter(member => member !== storage);
  } else {
    if (isMember) throw died(`Storage '${storage}' is already a pool member`);
    pool.storages.push(storage);
  }
}

function deletePool({ world, params }: Call): Steps<null> {
  const id = required(params, 'poolid');
  return changeUsers(world, 'delete pool failed: ', () => {
    const { vms, storages } = poolOf(world, id);
    const child = Object.keys(world.state.pools).find(name => name.startsWith(`${id}/`));
    if (child !== undefined) throw died(`pool '${id}' is not empty (contains pool '${child}')`);
    const member = vms.toSorted((a, b) => a - b).find(vmid => world.state.vms[vmid] !== undefined);
    if (member !== undefined) throw died(`pool '${id}' is not empty (contains VM ${member})`);
    const storage = storages.find(name => world.state.storages[name] !== undefined);
    if (storage !== undefined) throw died(`pool '${id}' is not empty (contains storage '${storage}')`);
    const { access } = world.state;
    access.acl = access.acl.filter(entry => entry.path !== `/pool/${id}`);
    delete world.state.pools[id];
    return null;
  });
}
