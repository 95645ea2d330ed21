import type { Permission } from '#simulator/schema/permission.ts';
import { forbidden, PveError } from '../engine/errors.ts';
import type { Identity, World } from '../engine/world.ts';
import { demand, may } from './permissions.ts';

/** Parameters as they came, not yet validated: permissions are checked first. */
type RawParams = Record<string, unknown>;

/** Throws 403 unless the route's own rule lets `who` call it [PVE::RPCEnvironment::check_api2_permissions]. */
export function checkRoute(
  world: World,
  rule: Permission | undefined,
  who: Identity | undefined,
  params: RawParams,
): void {
  if (who === undefined) {
    if (rule?.user === 'world') return;
    throw forbidden('user != null');
  }
  if (who.authid === 'root@pam') return;
  if (rule === undefined || rule.rootOnly) throw forbidden('user != root@pam');
  if (rule.user === 'all' || rule.user === 'world') return;
  if (rule.check === undefined) throw forbidden();
  checkTest(world, rule.check, who, params);
}

type Test = NonNullable<Permission['check']>;

function checkTest(world: World, test: Test, who: Identity, params: RawParams): void {
  const [kind, ...rest] = test as [string, ...unknown[]];
  if (kind === 'and') for (const part of rest) checkTest(world, part as Test, who, params);
  else if (kind === 'or') checkEither(world, rest as Test[], who, params);
  else if (kind === 'perm') checkPrivileges(world, rest, who, params);
  else if (kind === 'perm-modify') checkModify(world, String(rest[0]), who, params);
  else if (kind === 'userid-param') checkUserParameter(world, String(rest[0]), who, params);
  else if (kind === 'userid-group') checkUserGroup(world, rest, who, params);
  else throw new Error(`unknown permission test '${kind}'`);
}

function checkEither(world: World, tests: Test[], who: Identity, params: RawParams): void {
  for (const test of tests) {
    try {
      checkTest(world, test, who, params);
      return;
    } catch (error) {
      if (!(error instanceof PveError)) throw error;
    }
  }
  throw forbidden();
}

function checkPrivileges(world: World, rest: unknown[], who: Identity, params: RawParams): void {
  const [template, privileges, ...pairs] = rest as [string, string[], ...unknown[]];
  const options = optionsOf(pairs);
  if (options.require_param !== undefined && params[String(options.require_param)] === undefined) throw forbidden();
  demand(world, who.authid, pathOf(template, params), privileges, Boolean(options.any));
}

function optionsOf(pairs: unknown[]): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (let index = 0; index + 1 < pairs.length; index += 2) options[String(pairs[index])] = pairs[index + 1];
  return options;
}

/** Fills `{name}` in; a path with characters that no path has becomes empty, as the real texts show. */
function pathOf(template: string, params: RawParams): string {
  const filled = template.replaceAll(/\{([^}]+)\}/g, (_, name: string) => String(params[name] ?? ''));
  const path = filled.replaceAll(/\/+/g, '/').replace(/(.)\/$/, '$1');
  return /^[a-zA-Z0-9.\-_/]+$/.test(path) ? path : '';
}

function checkModify(world: World, template: string, who: Identity, params: RawParams): void {
  const path = pathOf(template, params);
  const privileges = ['Permissions.Modify'];
  if (path.startsWith('/storage/')) privileges.push('Datastore.Allocate');
  else if (path.startsWith('/vms/')) privileges.push('VM.Allocate');
  else if (path.startsWith('/pool/')) privileges.push('Pool.Allocate');
  demand(world, who.authid, path, privileges, true);
}

function checkUserParameter(world: World, test: string, who: Identity, params: RawParams): void {
  const userid = String(params.userid ?? '');
  if (test === 'self') {
    demandUser(world, userid);
    if (who.authid !== userid) throw forbidden();
    return;
  }
  const realm = userid.slice(userid.lastIndexOf('@') + 1);
  demand(world, who.authid, `/access/realm/${realm}`, ['Realm.AllocateUser']);
}

function checkUserGroup(world: World, rest: unknown[], who: Identity, params: RawParams): void {
  const [privileges, ...pairs] = rest as [string[], ...unknown[]];
  const groupsParam = optionsOf(pairs).groups_param;
  const userid = String(params.userid ?? '');
  const existing = groupsParam !== 'create';
  if (existing) demandUser(world, userid);
  if (may(world, who.authid, '/access/groups', privileges, true)) return;
  const mine = (group: string) => may(world, who.authid, `/access/groups/${group}`, privileges, true);
  if (groupsParam !== undefined) {
    const groups = String(params.groups ?? '')
      .split(/[,;\s]+/)
      .filter(group => group !== '');
    if (groups.length === 0) throw forbidden(`/access/groups, ${privileges.join('|')}`);
    const foreign = groups.find(group => !mine(group));
    if (foreign !== undefined) throw forbidden(`/access/groups/${foreign}, ${privileges.join('|')}`);
  }
  const memberships = Object.entries(world.state.access.groups).filter(([, group]) => group.users.includes(userid));
  if (existing && !memberships.some(([group]) => mine(group))) throw forbidden();
}

function demandUser(world: World, userid: string): void {
  if (world.state.access.users[userid] === undefined) throw new PveError(`no such user ('${userid}')`);
}
