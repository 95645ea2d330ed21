import type { Identity, World } from '../engine/world.ts';
import { seconds } from '../engine/world.ts';
import type { Headers } from '../http/message.ts';
import { splitAuthid } from './permissions.ts';
import { verifyCsrfToken, verifyTicket } from './tickets.ts';

/** Who is calling, or why that is not known. */
export type Authentication = { who: Identity | undefined; byToken: boolean } | { refused: string };

/** Calls that need no identity. */
const OPEN = new Set([
  'GET /access/domains',
  'GET /access/ticket',
  'POST /access/ticket',
  'POST /access/vncticket',
  'POST /access/openid/login',
  'POST /access/openid/auth-url',
]);

const COOKIE = /(?:^|\s)PVEAuthCookie[= ]([^;]*)/;
const TOKEN = /(?:^|\s)PVEAPIToken[= ]([^;]*)/;

/** A ticket wins over a token; all that is wrong with either has one text [PVE::HTTPServer::auth_handler]. */
export function authenticate(world: World, method: string, path: string, headers: Headers): Authentication {
  const authorization = headers.authorization ?? '';
  const ticket = extractValue(headers.cookie ?? '', COOKIE) ?? extractValue(authorization, COOKIE);
  const token = ticket === undefined ? extractValue(authorization, TOKEN) : undefined;
  if (OPEN.has(`${method} ${path}`)) return { who: undefined, byToken: token !== undefined };
  if (ticket !== undefined) return byTicket(world, method, path, headers, ticket);
  if (token === undefined) return { refused: 'No ticket' };
  const who = verifyApiToken(world, token);
  return who === undefined ? { refused: 'Authentication failed!' } : { who, byToken: true };
}

function byTicket(world: World, method: string, path: string, headers: Headers, ticket: string): Authentication {
  const user = verifyTicket(world, ticket);
  if (user === undefined || !isEnabled(world, user)) return { refused: 'Authentication failed!' };
  const csrf = headers.csrfpreventiontoken ?? '';
  if (method !== 'GET' && !isUpload(method, path) && !verifyCsrfToken(world, user, csrf)) {
    return { refused: 'Permission denied - invalid csrf token' };
  }
  return { who: { authid: user, user }, byToken: false };
}

/** Uploads are read from the connection before they are a call, and skip the CSRF check. */
export function isUpload(method: string, path: string): boolean {
  return method === 'POST' && /^\/nodes\/[^/]+\/storage\/[^/]+\/upload$/.test(path);
}

/** Whether a user is there, enabled and not expired. */
export function isEnabled(world: World, user: string): boolean {
  const record = world.state.access.users[user];
  return record?.enable === true && (record.expire === 0 || record.expire > seconds(world));
}

/** The identity of `user@realm!token=secret`; undefined if anything about it is wrong. */
function verifyApiToken(world: World, value: string): Identity | undefined {
  const match = /^([^=]+)=(.+)$/.exec(value);
  if (match === null) return undefined;
  const [, authid = '', secret = ''] = match;
  const { user, token } = splitAuthid(authid);
  if (token === undefined || !isEnabled(world, user)) return undefined;
  const record = world.state.access.users[user]?.tokens[token];
  if (record === undefined || record.secret !== secret) return undefined;
  if (record.expire !== 0 && record.expire <= seconds(world)) return undefined;
  return { authid, user, token };
}

/** The value of `key=…` in a cookie or Authorization header, percent-decoded [Formatter::extract_auth_value]. */
function extractValue(header: string, key: RegExp): string | undefined {
  const value = key.exec(header)?.[1];
  if (value === undefined || value === '') return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
