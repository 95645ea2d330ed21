import { createHmac, timingSafeEqual } from 'node:crypto';
import type { World } from '../engine/world.ts';

/** A ticket is good for two hours [PVE::AccessControl, $ticket_lifetime]. */
const LIFETIME_S = 2 * 3600;

/** Clocks may be off by this much. */
const SKEW_S = 300;

/** A VNC ticket must be used within this time. */
const VNC_LIFETIME_S = 40;

/** As long as the real one, which is an RSA signature: 344 characters of base64. */
function sign(world: World, content: string): string {
  const block = (index: number) =>
    createHmac('sha512', world.state.access.secret).update(`${index}:${content}`).digest();
  return Buffer.concat([0, 1, 2, 3].map(block)).toString('base64');
}

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

const hexTime = (world: World, atMs: number = world.clock.now()): string =>
  Math.floor(atMs / 1000)
    .toString(16)
    .toUpperCase()
    .padStart(8, '0');

/** Assembles `PVE:user@realm:HEXTIME::signature`; `atMs` is the time of issue, now unless given. */
export function issueTicket(world: World, user: string, atMs?: number): string {
  const plain = `PVE:${user}:${hexTime(world, atMs)}`;
  return `${plain}::${sign(world, plain)}`;
}

/** The user of a ticket that is genuine and young enough. */
export function verifyTicket(world: World, ticket: string): string | undefined {
  const match = /^(PVE:(\S+):([0-9A-F]{8}))::(\S+)$/.exec(ticket);
  if (match === null) return undefined;
  const [, plain = '', user = '', time = '', signature = ''] = match;
  if (!same(signature, sign(world, plain)) || !isFresh(world, time, LIFETIME_S)) return undefined;
  return user;
}

/** Assembles the token that every change with a ticket must carry: `HEXTIME:digest`. */
export function issueCsrfToken(world: World, user: string): string {
  const time = hexTime(world);
  return `${time}:${csrfDigest(world, user, time)}`;
}

/** Whether a CSRF prevention token is this user's and still good. */
export function verifyCsrfToken(world: World, user: string, token: string): boolean {
  const [time = '', digest = ''] = token.split(':');
  return same(digest, csrfDigest(world, user, time)) && isFresh(world, time, LIFETIME_S);
}

function csrfDigest(world: World, user: string, time: string): string {
  return createHmac('sha256', world.state.access.secret).update(`csrf:${time}:${user}`).digest('base64').slice(0, 43);
}

/** Assembles the ticket of one console; it is bound to identity, path and port. */
export function issueVncTicket(world: World, authid: string, path: string, port: number): string {
  const plain = `PVEVNC:${hexTime(world)}`;
  return `${plain}::${sign(world, `${plain}:${authid}:${path}:${port}`)}`;
}

/** Whether a console's ticket, with or without the password in front, is genuine and in time. */
export function verifyVncTicket(world: World, ticket: string, authid: string, path: string, port: number): boolean {
  const match = /(PVEVNC:([0-9A-F]{8}))::(\S+)$/.exec(ticket);
  if (match === null) return false;
  const [, plain = '', time = '', signature = ''] = match;
  return same(signature, sign(world, `${plain}:${authid}:${path}:${port}`)) && isFresh(world, time, VNC_LIFETIME_S);
}

function isFresh(world: World, time: string, lifetime: number): boolean {
  const age = Math.floor(world.clock.now() / 1000) - Number.parseInt(time, 16);
  return age > -SKEW_S && age < lifetime;
}
