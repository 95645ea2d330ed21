import { changeUsers } from '../auth/change-users.ts';
import { builtInRoleNames, may, privilegesOn, rolePrivileges } from '../auth/permissions.ts';
import { badParameters, died } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import { type Call, flag, type Handlers, required, text, type World } from '../engine/world.ts';
import type { AclEntry } from '../state/types.ts';

/** Access control lists, roles, groups and realms. */
export const acl: Handlers = {
  'GET /access': () =>
    ['users', 'groups', 'roles', 'acl', 'domains', 'openid', 'tfa', 'ticket', 'password', 'permissions'].map(
      subdir => ({
        subdir,
      }),
    ),
  'GET /access/acl': listAcl,
  'PUT /access/acl': updateAcl,
  'GET /access/roles': listRoles,
  'POST /access/roles': createRole,
  'GET /access/roles/{roleid}': ({ world, params }) => flags(roleOf(world, required(params, 'roleid'))),
  'PUT /access/roles/{roleid}': updateRole,
  'DELETE /access/roles/{roleid}': deleteRole,
  'GET /access/groups': listGroups,
  'POST /access/groups': createGroup,
  'GET /access/groups/{groupid}': readGroup,
  'DELETE /access/groups/{groupid}': deleteGroup,
  'GET /access/domains': ({ world }) =>
    Object.entries(world.state.access.realms).map(([realm, { type, comment }]) => ({ realm, type, comment })),
};

const split = (list: string | undefined): string[] => (list ?? '').split(/[,;\s]+/).filter(item => item !== '');

/** The paths that an entry may stand on [PVE::AccessControl::check_path]. */
const PATH = new RegExp(
  [
    '/',
    '/access(?:/(?:groups|realm)(?:/[\\w.-]+)?)?',
    '/nodes(?:/[\\w.-]+)?',
    '/pool(?:/[\\w.-]+){0,3}',
    '/sdn(?:/(?:controllers|dns|ipams)(?:/[\\w-]+)?|/zones(?:/[\\w.-]+){0,2}|/zones/[\\w.-]+/[\\w.-]+/[1-9]\\d{0,3})?',
    '/storage(?:/[\\w.-]+)?',
    '/vms(?:/[1-9]\\d{2,})?',
    '/mapping(?:/[\\w.-]+){0,2}',
  ]
    .map(path => `(?:${path})`)
    .join('|')
    .replace(/^/, '^(?:')
    .replace(/$/, ')$'),
);

function mayModify(world: World, authid: string, path: string): boolean {
  const extra = { storage: 'Datastore.Allocate', vms: 'VM.Allocate', pool: 'Pool.Allocate' }[path.split('/')[1] ?? ''];
  return may(world, authid, path, extra === undefined ? ['Permissions.Modify'] : ['Permissions.Modify', extra], true);
}

function listAcl({ world, who }: Call): unknown[] {
  const audit = may(world, who.authid, '/access', ['Sys.Audit']);
  return world.state.access.acl
    .filter(entry => audit || mayModify(world, who.authid, entry.path))
    .map(({ path, kind, who: ugid, role, propagate }) => ({
      path,
      type: kind,
      ugid,
      roleid: role,
      propagate: propagate ? 1 : 0,
    }));
}

function updateAcl(call: Call): Steps<null> {
  const { world, params } = call;
  const path = required(params, 'path')
    .replaceAll(/\/+/g, '/')
    .replace(/(.)\/$/, '$1');
  const remove = flag(params, 'delete');
  const subjects = subjectsOf(call);
  if (!remove && !PATH.test(path)) throw badParameters({ path: `invalid ACL path '${params.path}'` });
  const propagate = params.propagate === undefined || flag(params, 'propagate');
  return changeUsers(world, 'ACL update failed: ', () => {
    for (const role of split(text(params, 'roles'))) {
      demandGrantable(call, path, role, propagate, remove);
      for (const subject of subjects) {
        demandSubject(world, subject);
        const others = world.state.access.acl.filter(entry => !isSame(entry, path, role, subject));
        world.state.access.acl = remove ? others : [...others, { path, role, propagate, ...subject }];
      }
    }
    return null;
  });
}

type Subject = Pick<AclEntry, 'kind' | 'who'>;

function subjectsOf({ params }: Call): Subject[] {
  const subjects = [
    ...split(text(params, 'groups')).map(who => ({ kind: 'group' as const, who })),
    ...split(text(params, 'users')).map(who => ({ kind: 'user' as const, who })),
    ...split(text(params, 'tokens')).map(who => ({ kind: 'token' as const, who })),
  ];
  if (subjects.length > 0) return subjects;
  const words = "either 'users', 'groups' or 'tokens' is required.";
  throw badParameters({ users: words, groups: words, tokens: words });
}

function isSame(entry: AclEntry, path: string, role: string, subject: Subject): boolean {
  return entry.path === path && entry.role === role && entry.kind === subject.kind && entry.who === subject.who;
}

/** Without Permissions.Modify one can only hand out what one has. */
function demandGrantable({ world, who }: Call, path: string, role: string, propagate: boolean, remove: boolean): void {
  const privileges = roleOf(world, role);
  const own = privilegesOn(world, who.authid, path);
  if (own.has('Permissions.Modify')) return;
  const verb = remove ? 'remove' : 'add';
  for (const name of privileges) {
    if (!own.has(name)) {
      const text = `Cannot ${verb} role '${role}' - requires 'Permissions.Modify' or superset of privileges.`;
      throw badParameters({ role: text });
    }
    if (propagate && own.get(name) !== true && !remove) {
      const needs = "requires 'Permissions.Modify' or propagated superset of privileges.";
      throw badParameters({ role: `Cannot ${verb} role '${role}' with propagation - ${needs}` });
    }
  }
  if (role === 'NoAccess')
    throw badParameters({ role: `Cannot ${verb} role '${role}' - requires 'Permissions.Modify'` });
}

function demandSubject(world: World, { kind, who }: Subject): void {
  const { users, groups } = world.state.access;
  if (kind === 'group' && groups[who] === undefined) throw died(`group '${who}' does not exist`);
  if (kind === 'user' && users[who] === undefined) throw died(`user '${who}' does not exist`);
  if (kind !== 'token') return;
  const [user = '', token = ''] = who.split('!');
  if (users[user]?.tokens[token] === undefined) throw died(`no such token '${token}' for user '${user}'`);
}

function roleOf(world: World, role: string): ReadonlySet<string> {
  const privileges = rolePrivileges(world, role);
  if (privileges === undefined) throw died(`role '${role}' does not exist`);
  return privileges;
}

function flags(privileges: ReadonlySet<string>): Record<string, number> {
  return Object.fromEntries([...privileges].map(name => [name, 1]));
}

function listRoles({ world }: Call): unknown[] {
  const builtIn = builtInRoleNames(world);
  return [...builtIn, ...Object.keys(world.state.access.roles)].map(roleid => ({
    roleid,
    privs: [...roleOf(world, roleid)].sort().join(','),
    special: builtIn.includes(roleid) ? 1 : 0,
  }));
}

function demandPrivileges(world: World, names: string[]): string[] {
  const all = roleOf(world, 'Administrator');
  const unknown = names.find(name => !all.has(name));
  if (unknown !== undefined) throw died(`invalid privilege '${unknown}'`);
  return names;
}

function createRole({ world, params }: Call): Steps<null> {
  const role = required(params, 'roleid');
  return changeUsers(world, 'create role failed: ', () => {
    if (rolePrivileges(world, role) !== undefined) throw died(`role '${role}' already exists`);
    world.state.access.roles[role] = demandPrivileges(world, split(text(params, 'privs')));
    return null;
  });
}

function updateRole({ world, params }: Call): Steps<null> {
  const role = required(params, 'roleid');
  return changeUsers(world, 'update role failed: ', () => {
    const known = world.state.access.roles[role];
    if (known === undefined) throw died(`role '${role}' does not exist`);
    const next = demandPrivileges(world, split(text(params, 'privs')));
    world.state.access.roles[role] = flag(params, 'append') ? [...new Set([...known, ...next])] : next;
    return null;
  });
}

function deleteRole({ world, params }: Call): Steps<null> {
  const role = required(params, 'roleid');
  return changeUsers(world, 'delete role failed: ', () => {
    if (world.state.access.roles[role] === undefined) throw died(`role '${role}' does not exist`);
    delete world.state.access.roles[role];
    return null;
  });
}

function listGroups({ world, who }: Call): unknown[] {
  const privileges = ['User.Modify', 'Sys.Audit', 'Group.Allocate'];
  return Object.entries(world.state.access.groups)
    .filter(([groupid]) => may(world, who.authid, `/access/groups/${groupid}`, privileges, true))
    .map(([groupid, { comment, users }]) => ({
      groupid,
      users: users.join(','),
      ...(comment === undefined ? {} : { comment }),
    }));
}

function createGroup({ world, params }: Call): Steps<null> {
  const id = required(params, 'groupid');
  const comment = text(params, 'comment');
  return changeUsers(world, 'create group failed: ', () => {
    if (world.state.access.groups[id] !== undefined) throw died(`group '${id}' already exists`);
    world.state.access.groups[id] = { users: [], ...(comment === undefined ? {} : { comment }) };
    return null;
  });
}

function readGroup({ world, params }: Call): unknown {
  const id = required(params, 'groupid');
  const group = world.state.access.groups[id];
  if (group === undefined) throw died(`group '${id}' does not exist`);
  return { members: group.users, ...(group.comment === undefined ? {} : { comment: group.comment }) };
}

function deleteGroup({ world, params }: Call): Steps<null> {
  const id = required(params, 'groupid');
  return changeUsers(world, 'delete group failed: ', () => {
    const { access } = world.state;
    if (access.groups[id] === undefined) throw died(`group '${id}' does not exist`);
    delete access.groups[id];
    access.acl = access.acl.filter(entry => entry.kind !== 'group' || entry.who !== id);
    return null;
  });
}
