import type { Release } from '#simulator/schema/routes.ts';
import { forbidden } from '../engine/errors.ts';
import type { World } from '../engine/world.ts';
import type { AccessState, AclEntry, State } from '../state/types.ts';
import { poolOfStorage, poolOfVm } from './membership.ts';
import { builtInRoles } from './roles.ts';

/** Privileges on a path; true where they reach further down. */
export type Privileges = Map<string, boolean>;

const ROLES: Record<Release, Record<string, ReadonlySet<string>>> = {
  '8.4': builtInRoles('8.4'),
  '9.2': builtInRoles('9.2'),
};

/** Splits `user@realm!token`. */
export function splitAuthid(authid: string): { user: string; token?: string } {
  const [user = '', token] = authid.split('!');
  return token === undefined ? { user } : { user, token };
}

/** Sets of the roles that were made here; a role that changes is another list, or a longer one. */
const madeRoles = new WeakMap<string[], { length: number; privileges: ReadonlySet<string> }>();

/** The privileges of a role that the release knows; undefined if there is no such role. */
export function rolePrivileges(world: World, role: string): ReadonlySet<string> | undefined {
  const made = world.state.access.roles[role];
  if (made === undefined) return ROLES[world.release][role];
  const known = madeRoles.get(made);
  if (known?.length === made.length) return known.privileges;
  const all = ROLES[world.release].Administrator;
  const privileges = new Set(made.filter(name => all?.has(name)));
  madeRoles.set(made, { length: made.length, privileges });
  return privileges;
}

/** The names of all roles that are built in. */
export function builtInRoleNames(world: World): string[] {
  return Object.keys(ROLES[world.release]);
}

/** What `authid` may do on `path`. Pools add to their members' paths; a token never has more than its user. */
export function privilegesOn(world: World, authid: string, path: string): Privileges {
  if (path === '') return new Map();
  if (authid === 'root@pam') {
    return new Map([...(rolePrivileges(world, 'Administrator') ?? [])].map(privilege => [privilege, true]));
  }
  const { user, token } = splitAuthid(authid);
  if (token === undefined) return compiled(world, authid, path);
  const record = world.state.access.users[user]?.tokens[token];
  if (record === undefined) return new Map();
  const ofUser = privilegesOn(world, user, path);
  if (!record.privsep) return ofUser;
  const ofToken = compiled(world, authid, path);
  if (user === 'root@pam') return ofToken;
  return new Map(
    [...ofToken]
      .filter(([privilege]) => ofUser.has(privilege))
      .map(([privilege, propagate]) => [privilege, propagate && ofUser.get(privilege) === true]),
  );
}

/** Whether `authid` has all (or, with `any`, one) of the privileges on `path`. */
export function may(world: World, authid: string, path: string, privileges: readonly string[], any = false): boolean {
  const holds = holder(world, authid, path);
  return any ? privileges.some(holds) : privileges.every(holds);
}

/** Throws 403 with Proxmox's text unless `authid` has the privileges on `path`. */
export function demand(world: World, authid: string, path: string, privileges: readonly string[], any = false): void {
  const holds = holder(world, authid, path);
  if (any) {
    if (!privileges.some(holds)) throw forbidden(`${path}, ${privileges.join('|')}`);
    return;
  }
  const missing = privileges.find(name => !holds(name));
  if (missing !== undefined) throw forbidden(`${path}, ${missing}`);
}

/** As `demand` on /vms/N; the rights on the pool that a VM is about to join count too. */
export function demandOnVm(
  world: World,
  authid: string,
  vmid: number,
  privileges: readonly string[],
  options: { pool?: string | undefined; any?: boolean } = {},
): void {
  const { pool, any = false } = options;
  if (pool !== undefined && may(world, authid, `/pool/${pool}`, privileges, any)) return;
  demand(world, authid, `/vms/${vmid}`, privileges, any);
}

/** Use of a bridge, which SDN's zone `localnetwork` holds, or of one VLAN on it. */
export function demandBridge(world: World, authid: string, bridge: string, tag?: string): void {
  const path = `/sdn/zones/localnetwork/${bridge}`;
  demand(world, authid, tag === undefined ? path : `${path}/${tag}`, ['SDN.Use']);
}

/** The test whether `authid` has a privilege on `path`: as {@link privilegesOn} tells, without listing them all. */
function holder(world: World, authid: string, path: string): (privilege: string) => boolean {
  if (authid === 'root@pam') return () => true;
  if (path === '') return () => false;
  const { user, token } = splitAuthid(authid);
  if (token === undefined) return roleHolder(world, authid, path);
  const record = world.state.access.users[user]?.tokens[token];
  if (record === undefined) return () => false;
  const userHolds = holder(world, user, path);
  if (!record.privsep) return userHolds;
  const tokenHolds = roleHolder(world, authid, path);
  return privilege => tokenHolds(privilege) && userHolds(privilege);
}

function roleHolder(world: World, authid: string, path: string): (privilege: string) => boolean {
  const roles = [...allRolesOn(world, authid, path).keys()].map(role => rolePrivileges(world, role));
  return privilege => roles.some(privileges => privileges?.has(privilege));
}

/** With those of the pool that the path's object is in. */
function allRolesOn(world: World, authid: string, path: string): Map<string, boolean> {
  const roles = rolesOn(world.state.access, authid, path);
  addPoolRoles(world.state, authid, path, roles);
  return roles;
}

function compiled(world: World, authid: string, path: string): Privileges {
  const privileges: Privileges = new Map();
  for (const [role, propagate] of allRolesOn(world, authid, path)) {
    for (const privilege of rolePrivileges(world, role) ?? []) {
      privileges.set(privilege, privileges.get(privilege) === true || propagate);
    }
  }
  return privileges;
}

/** Roles by name, with whether they propagate. A deeper entry replaces all that was inherited. */
function rolesOn(access: AccessState, authid: string, path: string): Map<string, boolean> {
  let roles = new Map<string, boolean>();
  for (const level of levels(path)) {
    const entries = access.acl.filter(entry => entry.path === level && (entry.propagate || level === path));
    const own = entries.filter(entry => entry.kind !== 'group' && entry.who === authid);
    const applying = own.length > 0 ? own : entries.filter(entry => isGroupEntryFor(access, entry, authid));
    if (applying.length > 0) roles = new Map(applying.map(entry => [entry.role, entry.propagate]));
  }
  return roles.has('NoAccess') ? new Map([['NoAccess', roles.get('NoAccess') === true]]) : roles;
}

function isGroupEntryFor(access: AccessState, entry: AclEntry, authid: string): boolean {
  return entry.kind === 'group' && access.groups[entry.who]?.users.includes(authid) === true;
}

function levels(path: string): string[] {
  const parts = path.split('/').filter(part => part !== '');
  return ['/', ...parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)];
}

function addPoolRoles(state: State, authid: string, path: string, roles: Map<string, boolean>): void {
  const pool = poolOfPath(state, path);
  if (pool === undefined || roles.has('NoAccess')) return;
  const fromPool = rolesOn(state.access, authid, `/pool/${pool}`);
  if (fromPool.has('NoAccess')) roles.clear();
  for (const role of fromPool.keys()) if (!roles.has(role)) roles.set(role, false);
}

function poolOfPath(state: State, path: string): string | undefined {
  const [, kind, id = '', deeper] = path.split('/');
  if (deeper !== undefined) return undefined;
  if (kind === 'vms') return poolOfVm(state, Number(id));
  if (kind === 'storage') return poolOfStorage(state, id);
  return undefined;
}
