import { changeUsers } from '../auth/change-users.ts';
import { forgetAuthid } from '../auth/forget.ts';
import { may } from '../auth/permissions.ts';
import { badParameters, died, forbidden } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import { type Call, flag, type Handlers, number, type Params, required, text, type World } from '../engine/world.ts';
import type { TokenState, UserState } from '../state/types.ts';

const USER = '/access/users/{userid}';
const TOKEN = `${USER}/token/{tokenid}`;

/** Users and their API tokens. */
export const users: Handlers = {
  'GET /access/users': listUsers,
  'POST /access/users': createUser,
  [`GET ${USER}`]: ({ world, params }) => userLine(world, required(params, 'userid')),
  [`PUT ${USER}`]: updateUser,
  [`DELETE ${USER}`]: deleteUser,
  [`GET ${USER}/token`]: ({ world, params }) =>
    Object.entries(userOf(world, required(params, 'userid')).tokens).map(([tokenid, token]) => ({
      tokenid,
      ...tokenInfo(token),
    })),
  [`GET ${TOKEN}`]: ({ world, params }) => tokenInfo(tokenOf(world, params)),
  [`POST ${TOKEN}`]: createToken,
  [`PUT ${TOKEN}`]: updateToken,
  [`DELETE ${TOKEN}`]: deleteToken,
  'PUT /access/password': changePassword,
};

function userOf(world: World, userid: string): UserState {
  const user = world.state.access.users[userid];
  if (user === undefined) throw died(`no such user ('${userid}')`);
  return user;
}

function groupsOf(world: World, userid: string): string[] {
  return Object.entries(world.state.access.groups)
    .filter(([, group]) => group.users.includes(userid))
    .map(([name]) => name);
}

const TEXTS = ['comment', 'email', 'firstname', 'lastname'] as const;

function userLine(world: World, userid: string): Record<string, unknown> {
  const user = userOf(world, userid);
  const tokens = Object.fromEntries(Object.entries(user.tokens).map(([id, token]) => [id, tokenInfo(token)]));
  return {
    enable: user.enable ? 1 : 0,
    expire: user.expire,
    ...Object.fromEntries(TEXTS.filter(key => user[key] !== undefined).map(key => [key, user[key]])),
    groups: groupsOf(world, userid),
    tokens: Object.keys(tokens).length === 0 ? null : tokens,
  };
}

/** All users for those who may see some group, else only oneself. */
function listUsers({ world, who, params }: Call): unknown[] {
  const all = may(world, who.authid, '/access/groups', ['User.Modify', 'Sys.Audit'], true);
  const enabled = params.enabled === undefined ? undefined : flag(params, 'enabled');
  const full = flag(params, 'full');
  return Object.entries(world.state.access.users)
    .filter(([userid]) => all || userid === who.user)
    .filter(([, user]) => enabled === undefined || user.enable === enabled)
    .map(([userid, user]) => ({
      userid,
      enable: user.enable ? 1 : 0,
      expire: user.expire,
      'realm-type': world.state.access.realms[userid.split('@')[1] ?? '']?.type,
      ...Object.fromEntries(TEXTS.filter(key => user[key] !== undefined).map(key => [key, user[key]])),
      ...(full
        ? {
            groups: groupsOf(world, userid).join(','),
            tokens: Object.entries(user.tokens).map(([tokenid, token]) => ({ tokenid, ...tokenInfo(token) })),
          }
        : {}),
    }));
}

function createUser({ world, params }: Call): Steps<null> {
  const userid = required(params, 'userid');
  return changeUsers(world, 'create user failed: ', () => {
    if (world.state.access.users[userid] !== undefined) throw died(`user '${userid}' already exists`);
    const user: UserState = {
      enable: params.enable === undefined || flag(params, 'enable'),
      expire: number(params, 'expire') ?? 0,
      tokens: {},
    };
    world.state.access.users[userid] = user;
    setTexts(user, params);
    const password = text(params, 'password');
    if (password !== undefined) user.password = password;
    setGroups(world, userid, text(params, 'groups'), true);
    return null;
  });
}

function setTexts(user: UserState, params: Params): void {
  for (const key of TEXTS) {
    const value = text(params, key);
    if (value !== undefined) user[key] = value;
  }
}

function setGroups(world: World, userid: string, list: string | undefined, append: boolean): void {
  if (list === undefined) return;
  const { groups } = world.state.access;
  if (!append) for (const group of Object.values(groups)) group.users = group.users.filter(user => user !== userid);
  for (const name of list.split(/[,;\s]+/).filter(item => item !== '')) {
    const group = groups[name];
    if (group === undefined) throw died(`no such group '${name}'`);
    if (!group.users.includes(userid)) group.users.push(userid);
  }
}

function updateUser({ world, params }: Call): Steps<null> {
  const userid = required(params, 'userid');
  return changeUsers(world, 'update user failed: ', () => {
    const user = userOf(world, userid);
    if (params.enable !== undefined) user.enable = flag(params, 'enable');
    user.expire = number(params, 'expire') ?? user.expire;
    setTexts(user, params);
    setGroups(world, userid, text(params, 'groups'), flag(params, 'append'));
    return null;
  });
}

function deleteUser({ world, params }: Call): Steps<null> {
  const userid = required(params, 'userid');
  return changeUsers(world, 'delete user failed: ', () => {
    const user = userOf(world, userid);
    for (const token of Object.keys(user.tokens)) forgetAuthid(world, `${userid}!${token}`);
    delete world.state.access.users[userid];
    forgetAuthid(world, userid);
    return null;
  });
}

function changePassword({ world, params, who }: Call): null {
  const userid = required(params, 'userid');
  const user = userOf(world, userid);
  if (userid === 'root@pam' && who.authid !== 'root@pam') throw forbidden();
  const proof = text(params, 'confirmation-password');
  if (who.authid !== 'root@pam' && proof !== world.state.access.users[who.user]?.password) {
    throw proof === undefined
      ? badParameters({ 'confirmation-password': 'password is required to modify user' })
      : died('authentication failure');
  }
  user.password = required(params, 'password');
  return null;
}

function tokenInfo(token: TokenState): Record<string, unknown> {
  const { privsep, expire, comment } = token;
  return { privsep: privsep ? 1 : 0, expire, ...(comment === undefined ? {} : { comment }) };
}

function tokenOf(world: World, params: Params): TokenState {
  const userid = required(params, 'userid');
  const tokenid = required(params, 'tokenid');
  const token = userOf(world, userid).tokens[tokenid];
  if (token === undefined) throw died(`no such token '${tokenid}' for user '${userid}'`);
  return token;
}

/** A parameter that an answer repeats has the type that it came with: forms have texts alone. */
function asSent({ params, headers }: Call, name: string): number | string | undefined {
  const isJson = headers['content-type']?.startsWith('application/json');
  return isJson ? number(params, name) : text(params, name);
}

function createToken(call: Call): Steps<Record<string, unknown>> {
  const { world, params } = call;
  const userid = required(params, 'userid');
  const tokenid = required(params, 'tokenid');
  const comment = text(params, 'comment');
  const expire = number(params, 'expire');
  const described = comment === undefined ? {} : { comment };
  if (userOf(world, userid).tokens[tokenid] !== undefined) throw badParameters({ tokenid: 'Token already exists.' });
  const privsep = params.privsep === undefined || flag(params, 'privsep');
  return changeUsers(world, 'generating token failed: ', () => {
    const secret = world.random.uuid();
    userOf(world, userid).tokens[tokenid] = { secret, privsep, expire: expire ?? 0, ...described };
    const sent = expire === undefined ? {} : { expire: asSent(call, 'expire') };
    const info = { privsep: asSent(call, 'privsep') ?? 1, ...sent, ...described };
    return { info, value: secret, 'full-tokenid': `${userid}!${tokenid}` };
  });
}

function updateToken(call: Call): Steps<Record<string, unknown>> {
  const { world, params } = call;
  tokenOf(world, params);
  return changeUsers(world, 'updating token info failed: ', () => {
    const token = tokenOf(world, params);
    if (params.privsep !== undefined) token.privsep = flag(params, 'privsep');
    token.expire = number(params, 'expire') ?? token.expire;
    const comment = text(params, 'comment');
    if (comment !== undefined) token.comment = comment;
    const sent = Object.fromEntries(
      ['privsep', 'expire'].flatMap(name => (params[name] === undefined ? [] : [[name, asSent(call, name)]])),
    );
    return { ...tokenInfo(token), ...sent };
  });
}

function deleteToken({ world, params }: Call): Steps<null> {
  tokenOf(world, params);
  const userid = required(params, 'userid');
  const tokenid = required(params, 'tokenid');
  return changeUsers(world, 'deleting token failed: ', () => {
    delete userOf(world, userid).tokens[tokenid];
    forgetAuthid(world, `${userid}!${tokenid}`);
    return null;
  });
}
