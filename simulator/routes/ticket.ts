import { isEnabled } from '../auth/authenticate.ts';
import { may, privilegesOn } from '../auth/permissions.ts';
import { issueCsrfToken, issueTicket, verifyTicket, verifyVncTicket } from '../auth/tickets.ts';
import { PveError } from '../engine/errors.ts';
import { type Call, type Handlers, number, required, text, type World } from '../engine/world.ts';
import { logToCluster } from './cluster-log.ts';

/** Signing in. */
export const ticket: Handlers = {
  'GET /access/ticket': () => null,
  'POST /access/ticket': signIn,
  'POST /access/vncticket': checkVncTicket,
};

/** All that can be wrong has one text, so that users cannot be guessed. */
function signIn({ world, params, node }: Call): Record<string, unknown> {
  const realm = text(params, 'realm');
  const user = `${required(params, 'username')}${realm === undefined ? '' : `@${realm}`}`;
  if (!isEnabled(world, user) || !provesIdentity(world, user, required(params, 'password'))) {
    throw new PveError('authentication failure', 401);
  }
  logToCluster(world, node, 'root@pam', `successful auth for user '${user}'`);
  const { name } = world.state.cluster;
  return {
    ticket: issueTicket(world, user),
    username: user,
    CSRFPreventionToken: issueCsrfToken(world, user),
    cap: capabilities(world, user),
    ...(name !== undefined && may(world, user, '/', ['Sys.Audit']) ? { clustername: name } : {}),
  };
}

/** The password, or a ticket of the user or of root, which renews it. */
function provesIdentity(world: World, user: string, password: string): boolean {
  const holder = verifyTicket(world, password);
  if (holder !== undefined) return holder === user || holder === 'root@pam';
  const known = world.state.access.users[user]?.password;
  return known !== undefined && known === password;
}

const CAPABILITIES: Record<string, RegExp> = {
  vms: /^(?:VM\.|Permissions\.Modify)/,
  access: /^(?:(?:User|Group)\.|Permissions\.Modify)/,
  storage: /^(?:Datastore\.|Permissions\.Modify)/,
  nodes: /^(?:Sys\.|Permissions\.Modify)/,
  sdn: /^(?:SDN\.|Permissions\.Modify)/,
  dc: /^(?:Sys\.Audit|Sys\.Modify|SDN\.)/,
  mapping: /^(?:Mapping\.|Permissions\.Modify)/,
};

const CAPABILITY_PATHS = ['/', '/nodes', '/access/groups', '/vms', '/storage', '/sdn', '/mapping'];

/** What the web interface shows by [compute_api_permission]. */
function capabilities(world: World, user: string): Record<string, Record<string, number>> {
  const result = Object.fromEntries(Object.keys(CAPABILITIES).map(name => [name, {} as Record<string, number>]));
  for (const path of new Set([...CAPABILITY_PATHS, ...world.state.access.acl.map(entry => entry.path)])) {
    const top = path.split('/')[1] || 'dc';
    for (const name of privilegesOn(world, user, path).keys()) {
      for (const area of areasOf(top, name)) {
        const found = result[area];
        if (found !== undefined) found[name] = 1;
      }
    }
  }
  return result;
}

function areasOf(top: string, privilege: string): string[] {
  if (top === 'pool') {
    return ['vms', 'storage'].filter(area => CAPABILITIES[area]?.test(privilege));
  }
  return CAPABILITIES[top]?.test(privilege) ? [top] : [];
}

function checkVncTicket({ world, params }: Call): null {
  const authid = required(params, 'authid');
  const path = required(params, 'path');
  const privileges = required(params, 'privs').split(/[,;\s]+/);
  const port = number(params, 'port') ?? 0;
  if (
    !verifyVncTicket(world, required(params, 'vncticket'), authid, path, port) ||
    !may(world, authid, path, privileges)
  ) {
    throw new PveError('authentication failure', 401);
  }
  return null;
}
