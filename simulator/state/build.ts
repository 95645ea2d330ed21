import type { Random } from '../engine/random.ts';
import { parseVolume } from '../storage/layout.ts';
import { add, placeOf } from '../storage/volumes.ts';
import { buildVm } from './build-vm.ts';
import { type FullSeed, parseSeed, type Seed } from './seed.ts';
import type { AccessState, NodeState, State, StorageState } from './types.ts';

const GIB = 2 ** 30;
const MIB = 2 ** 20;

/** Makes the state that a seed describes; `now` in ms since the epoch. @throws Error with what is wrong in the seed. */
export function buildState(seed: Seed, now: number, random: Random): State {
  const full = parseSeed(seed);
  const state: State = {
    cluster: { quorate: true, options: full.cluster.options, ...(full.cluster.name && { name: full.cluster.name }) },
    nodes: Object.fromEntries(full.nodes.map((node, index) => [node.name, buildNode(node, index, now)])),
    storages: {},
    vms: {},
    containers: Object.fromEntries(full.containers.map(container => [container.vmid, container])),
    pools: Object.fromEntries(full.pools.map(({ id, ...pool }) => [id, pool])),
    access: buildAccess(full, random),
    tasks: {},
    ha: {},
    firewall: {},
    broadcasts: { nodes: {}, storages: {}, vms: {} },
    log: [],
  };
  for (const storage of full.storages) buildStorage(state, storage, now);
  for (const vm of full.vms) buildVm(state, vm, now, random);
  return state;
}

function buildNode(node: FullSeed['nodes'][number], index: number, now: number): NodeState {
  return {
    name: node.name,
    nodeid: index + 1,
    ip: node.ip ?? `192.0.2.${index + 1}`,
    cpus: node.cpus,
    memory: node.memoryGiB * GIB,
    rootSize: node.rootGiB * GIB,
    bootedAt: now - node.uptimeSeconds * 1000,
    member: node.member,
    reachable: node.reachable,
    bridges: node.bridges.map(bridge =>
      typeof bridge === 'string' ? { name: bridge, vlanAware: false, ports: [] } : bridge,
    ),
    description: '',
    lastPid: 1000,
  };
}

const SHARED_TYPES = new Set(['nfs', 'rbd']);

function buildStorage(state: State, seed: FullSeed['storages'][number], now: number): void {
  const shared = seed.shared ?? SHARED_TYPES.has(seed.type);
  const isFiles = seed.type === 'dir' || seed.type === 'nfs';
  const storage: StorageState = {
    id: seed.id,
    type: seed.type,
    shared,
    content: seed.content,
    enabled: seed.enabled,
    size: seed.sizeGiB * GIB,
    places: {},
    ...(seed.nodes && { nodes: seed.nodes }),
    ...(isFiles && { path: seed.path ?? (seed.id === 'local' ? '/var/lib/vz' : `/mnt/pve/${seed.id}`) }),
  };
  state.storages[seed.id] = storage;
  const nodes = Object.keys(state.nodes);
  for (const node of nodes) placeOf(storage, node).foreignBytes = seed.usedGiB * GIB;
  for (const volume of seed.volumes) {
    for (const node of volume.node === undefined ? nodes : [volume.node]) {
      const { content, format } = parseVolume(storage, volume.name);
      const used = volume.sizeMiB * MIB;
      const size = volume.virtualMiB === undefined ? used : volume.virtualMiB * MIB;
      add(placeOf(storage, node), volume.name, { content, format, size, used, createdAt: now, snapshots: {} });
    }
  }
}

function buildAccess(seed: FullSeed, random: Random): AccessState {
  const users = Object.fromEntries(
    seed.users.map(({ id, tokens, groups: _, ...user }) => [
      id,
      { ...user, tokens: Object.fromEntries(tokens.map(({ id: token, ...rest }) => [token, rest])) },
    ]),
  );
  users['root@pam'] ??= { enable: true, expire: 0, tokens: {} };
  return {
    realms: {
      pam: { type: 'pam', comment: 'Linux PAM standard authentication' },
      pve: { type: 'pve', comment: 'Proxmox VE authentication server' },
    },
    users,
    groups: Object.fromEntries(
      seed.groups.map(({ id, ...group }) => [
        id,
        { ...group, users: seed.users.filter(user => user.groups.includes(id)).map(user => user.id) },
      ]),
    ),
    roles: seed.roles,
    acl: seed.acl.map(({ path, role, propagate, user, group, token }) => {
      if (user !== undefined) return { path, role, propagate, kind: 'user', who: user };
      if (group !== undefined) return { path, role, propagate, kind: 'group', who: group };
      return { path, role, propagate, kind: 'token', who: token ?? '' };
    }),
    secret: random.hex(64),
  };
}
