import { may, privilegesOn } from '../auth/permissions.ts';
import { forbidden } from '../engine/errors.ts';
import { type Call, type Handlers, text, type World } from '../engine/world.ts';

/** /access/permissions. */
export const permissions: Handlers = {
  'GET /access/permissions': effectivePermissions,
};

const TOP_LEVEL = ['/', '/access', '/access/groups', '/nodes', '/pool', '/sdn', '/storage', '/vms'];

/** What the caller, or for auditors anyone, may do where; a propagated privilege is 1, another 0. */
function effectivePermissions({ world, who, params }: Call): Record<string, Record<string, number>> {
  const userid = text(params, 'userid') ?? who.authid;
  if (
    userid !== who.authid &&
    !isOwnToken(who.user, userid, who.token) &&
    !may(world, who.authid, '/access', ['Sys.Audit'])
  ) {
    throw forbidden('/access, Sys.Audit');
  }
  const path = text(params, 'path');
  const result: Record<string, Record<string, number>> = {};
  for (const candidate of path === undefined ? allPaths(world) : [path]) {
    const privileges = privilegesOn(world, userid, candidate);
    if (privileges.size === 0 && path === undefined) continue;
    result[candidate] = Object.fromEntries([...privileges].map(([name, propagate]) => [name, propagate ? 1 : 0]));
  }
  return result;
}

function isOwnToken(user: string, userid: string, token: string | undefined): boolean {
  return token === undefined && userid.startsWith(`${user}!`);
}

function allPaths(world: World): Set<string> {
  const { access, pools } = world.state;
  const members = Object.values(pools).flatMap(({ vms, storages }) => [
    ...vms.map(vmid => `/vms/${vmid}`),
    ...storages.map(storage => `/storage/${storage}`),
  ]);
  return new Set([...TOP_LEVEL, ...access.acl.map(entry => entry.path), ...members]);
}
