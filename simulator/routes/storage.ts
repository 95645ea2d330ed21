import { may } from '../auth/permissions.ts';
import { badParameters } from '../engine/errors.ts';
import { type Call, flag, type Handlers, required, text, type World } from '../engine/world.ts';
import type { StorageState } from '../state/types.ts';
import { renderDigest } from '../storage/digest.ts';
import { abilityOf } from '../storage/layout.ts';
import { isOnNode, placeOf, storageOf } from '../storage/volumes.ts';

/** The storages as configured, and as a node sees them. */
export const storage: Handlers = {
  'GET /storage': listConfigured,
  'GET /storage/{storage}': ({ world, params }) => configured(world, storageOf(world, required(params, 'storage'))),
  'GET /nodes/{node}/storage': listOnNode,
  'GET /nodes/{node}/storage/{storage}': () =>
    ['status', 'content', 'upload', 'rrd', 'rrddata', 'file-restore', 'prunebackups'].map(subdir => ({ subdir })),
  'GET /nodes/{node}/storage/{storage}/status': statusOnNode,
};

function configured(
  world: World,
  { id, type, content, path, shared, nodes, enabled }: StorageState,
): Record<string, unknown> {
  return {
    storage: id,
    type,
    content: content.join(','),
    ...(path === undefined ? {} : { path }),
    ...(shared ? { shared: 1 } : {}),
    ...(nodes === undefined ? {} : { nodes: nodes.join(',') }),
    ...(enabled ? {} : { disable: 1 }),
    ...(id === 'local' ? { 'prune-backups': 'keep-all=1' } : {}),
    digest: renderDigest(world.state.storages),
  };
}

function listConfigured({ world, params, who }: Call): unknown[] {
  const type = text(params, 'type');
  return Object.values(world.state.storages)
    .filter(one => type === undefined || one.type === type)
    .filter(one => may(world, who.authid, `/storage/${one.id}`, ['Datastore.Audit', 'Datastore.AllocateSpace'], true))
    .map(one => configured(world, one));
}

/** Capacity and use, as storage_info has them. */
function info(one: StorageState, node: string): Record<string, unknown> {
  const line = {
    type: one.type,
    content: one.content.join(','),
    shared: one.shared ? 1 : 0,
    enabled: one.enabled ? 1 : 0,
  };
  if (!one.enabled) return { ...line, active: 0, used: 0, avail: 0, total: 0 };
  const { foreignBytes, usedBytes } = placeOf(one, node);
  const used = Math.min(one.size, foreignBytes + usedBytes);
  return { ...line, active: 1, used, avail: one.size - used, total: one.size };
}

function listOnNode({ world, node, params, who }: Call): unknown[] {
  const content = text(params, 'content')?.split(/[,;\s]+/);
  const format = flag(params, 'format');
  const only = text(params, 'storage');
  const target = text(params, 'target');
  const usable = Object.values(world.state.storages).filter(
    one => isOnNode(one, node) && (content === undefined || content.some(type => one.content.includes(type))),
  );
  if (only !== undefined && !usable.some(one => one.id === only)) throw badParameters({ storage: 'No such storage.' });
  return usable
    .filter(one => only === undefined || one.id === only)
    .filter(one => !flag(params, 'enabled') || one.enabled)
    .filter(one => target === undefined || target === node || (one.shared && isOnNode(one, target)))
    .filter(one => may(world, who.authid, `/storage/${one.id}`, ['Datastore.Audit', 'Datastore.AllocateSpace'], true))
    .map(one => {
      const line = info(one, node);
      const { formats } = abilityOf(one);
      return {
        storage: one.id,
        ...line,
        ...(Number(line.total) > 0 ? { used_fraction: Number(line.used) / Number(line.total) } : {}),
        ...(format ? { format: [Object.fromEntries(formats.map(name => [name, 1])), formats[0]] } : {}),
      };
    });
}

function statusOnNode({ world, node, params }: Call): Record<string, unknown> {
  const one = world.state.storages[required(params, 'storage')];
  if (one === undefined || !isOnNode(one, node)) throw badParameters({ storage: 'No such storage.' });
  return info(one, node);
}
