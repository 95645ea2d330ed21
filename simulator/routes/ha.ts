import { createHash } from 'node:crypto';
import { died, prefixing } from '../engine/errors.ts';
import { type Call, type Handlers, number, required, text, type World } from '../engine/world.ts';
import type { HaResource } from '../state/types.ts';

const RESOURCE = '/cluster/ha/resources/{sid}';

/** High availability and software-defined networking, as far as they are looked at. */
export const ha: Handlers = {
  'GET /cluster/ha': () => ['status', 'resources', 'groups'].map(id => ({ id })),
  'GET /cluster/ha/status/current': haStatus,
  'GET /cluster/ha/groups': () => [],
  'GET /cluster/ha/rules': () => [],
  'GET /cluster/ha/resources': ({ world }) => Object.entries(world.state.ha).map(([sid, one]) => line(world, sid, one)),
  'POST /cluster/ha/resources': addResource,
  [`GET ${RESOURCE}`]: ({ world, params }) => {
    const sid = sidOf(params);
    const resource = world.state.ha[sid];
    if (resource === undefined) throw died(`no such resource '${sid}'`);
    return line(world, sid, resource);
  },
  [`PUT ${RESOURCE}`]: updateResource,
  [`DELETE ${RESOURCE}`]: removeResource,
  'GET /cluster/sdn/zones': () => [],
  'GET /cluster/sdn/vnets': () => [],
};

/** `vm:100`; a bare VMID means the same. */
function sidOf(params: Call['params']): string {
  const sid = required(params, 'sid');
  return sid.includes(':') ? sid : `vm:${sid}`;
}

function line(world: World, sid: string, resource: HaResource): Record<string, unknown> {
  const { state, group, comment, maxRestart, maxRelocate } = resource;
  return {
    sid,
    type: sid.split(':')[0],
    state,
    ...(group === undefined ? {} : { group }),
    ...(comment === undefined ? {} : { comment }),
    ...(maxRestart === undefined ? {} : { max_restart: maxRestart }),
    ...(maxRelocate === undefined ? {} : { max_relocate: maxRelocate }),
    digest: createHash('sha1').update(JSON.stringify(world.state.ha)).digest('hex'),
  };
}

function haStatus({ world, node }: Call): unknown[] {
  const { quorate } = world.state.cluster;
  const quorum = {
    id: 'quorum',
    type: 'quorum',
    node,
    quorate: quorate ? 1 : 0,
    status: quorate ? 'OK' : 'No quorum!',
  };
  const services = Object.entries(world.state.ha).map(([sid, { state }]) => {
    const owner = world.state.vms[sid.slice(3)]?.node ?? node;
    return { id: `service:${sid}`, type: 'service', sid, node: owner, state, status: `${sid} (${owner}, ${state})` };
  });
  return [quorum, ...services];
}

function setFields(resource: HaResource, params: Call['params']): void {
  resource.state = text(params, 'state') ?? resource.state;
  const group = text(params, 'group');
  const comment = text(params, 'comment');
  const maxRestart = number(params, 'max_restart');
  const maxRelocate = number(params, 'max_relocate');
  if (group !== undefined) resource.group = group;
  if (comment !== undefined) resource.comment = comment;
  if (maxRestart !== undefined) resource.maxRestart = maxRestart;
  if (maxRelocate !== undefined) resource.maxRelocate = maxRelocate;
}

function addResource({ world, params }: Call): null {
  const sid = sidOf(params);
  if (world.state.vms[sid.slice(3)] === undefined) throw died(`resource '${sid}' does not exist in cluster`);
  return prefixing('create resource failed: ', () => {
    if (world.state.ha[sid] !== undefined) throw died(`resource ID '${sid}' already defined`);
    const resource: HaResource = { state: 'started' };
    setFields(resource, params);
    world.state.ha[sid] = resource;
    return null;
  });
}

function updateResource({ world, params }: Call): null {
  const sid = sidOf(params);
  return prefixing('update resource failed: ', () => {
    const resource = world.state.ha[sid];
    if (resource === undefined) throw died(`no such resource '${sid}'`);
    setFields(resource, params);
    return null;
  });
}

function removeResource({ world, params }: Call): null {
  const sid = sidOf(params);
  if (world.state.ha[sid] === undefined) throw died(`cannot delete service '${sid}', not HA managed!`);
  delete world.state.ha[sid];
  return null;
}
