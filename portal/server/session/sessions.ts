import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Identity } from '../sign-in/identity.ts';
import { type Cookies, chunkLines, readChunks } from './cookies.ts';
import type { Sealer } from './seal.ts';

const cookieName = '__Host-berth-session';

/** Moved on no more often than this: not every request needs a new cookie. */
const touchMs = 30_000;

/** Sign-outs that are remembered; each until the session would have ended anyway. */
const mostEnded = 20_000;

/** How long a session lives. */
export interface SessionLimits {
  /** Without a request. */
  idleMs: number;
  /** In all. */
  absoluteMs: number;
}

const sessionSchema = z.object({
  id: z.string(),
  user: z.string(),
  groups: z.array(z.string()),
  displayName: z.string(),
  email: z.string().optional(),
  /** Milliseconds since the epoch. */
  idleUntil: z.number(),
  expiresAt: z.number(),
  /** The person's ID token, where it is needed again: to forward it, or for their kubeconfig. */
  idToken: z.string().optional(),
});

/** Who is signed in, and until when. It lives in the browser's cookie only, sealed. */
export type Session = z.infer<typeof sessionSchema>;

/** Begins, finds, moves on and ends sessions. No replica stores one; each remembers those that were ended through it. */
export interface Sessions {
  /** A new session: nothing of one before it goes on. */
  begin(identity: Identity, idToken?: { text: string; expiresAt: number }): Session;
  /** The session of a request's cookies. */
  find(cookies: Cookies): Promise<Session | undefined>;
  /** The session with its idle time begun anew; undefined where that was done a moment ago. */
  touched(session: Session): Session | undefined;
  /** `Set-Cookie` lines that store it; undefined where it is too large. */
  lines(session: Session): Promise<string[] | undefined>;
  /** `Set-Cookie` lines that remove it. */
  removal(): string[];
  end(session: Session): void;
  hasEnded(id: string): boolean;
  /** Until when the session lives, as far as this replica has seen requests of it, whichever end is nearer. */
  endsAt(session: Session): { idleUntil: number; expiresAt: number };
}

/** Makes them over a sealer. */
export function createSessions(sealer: Sealer, { idleMs, absoluteMs }: SessionLimits, now: () => number): Sessions {
  const ended = new Map<string, number>();
  const latest = new Map<string, number>();

  function remember(map: Map<string, number>, id: string, value: number): void {
    map.delete(id);
    map.set(id, value);
    const [oldest] = map.keys();
    if (map.size > mostEnded && oldest !== undefined) map.delete(oldest);
  }

  return {
    begin(identity, idToken) {
      const at = now();
      const expiresAt = Math.min(at + absoluteMs, idToken?.expiresAt ?? Number.POSITIVE_INFINITY);
      const session = { id: randomUUID(), ...identity, idleUntil: at + idleMs, expiresAt };
      return { ...session, ...(idToken && { idToken: idToken.text }) };
    },
    async find(cookies) {
      const sealed = readChunks(cookies, cookieName);
      const opened = sealed === undefined ? undefined : sessionSchema.safeParse(await sealer.open('session', sealed));
      if (opened === undefined || !opened.success) return undefined;
      const session = opened.data;
      if (ended.has(session.id) || now() >= Math.min(session.idleUntil, session.expiresAt)) return undefined;
      return session;
    },
    touched(session) {
      const idleUntil = now() + idleMs;
      remember(latest, session.id, idleUntil);
      return idleUntil - session.idleUntil < touchMs ? undefined : { ...session, idleUntil };
    },
    async lines(session) {
      const endsAt = Math.min(session.idleUntil, session.expiresAt);
      const sealed = await sealer.seal('session', session, endsAt);
      return chunkLines(cookieName, sealed, { sameSite: 'Strict', maxAge: (endsAt - now()) / 1000 });
    },
    removal: () => chunkLines(cookieName, '', { sameSite: 'Strict', maxAge: 0 }) ?? [],
    end(session) {
      remember(ended, session.id, session.expiresAt);
      latest.delete(session.id);
    },
    hasEnded: id => ended.has(id),
    endsAt: ({ id, idleUntil, expiresAt }) => ({ idleUntil: Math.max(idleUntil, latest.get(id) ?? 0), expiresAt }),
  };
}
