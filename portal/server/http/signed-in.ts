import type { Request, RequestHandler, Response } from 'express';
import type { Person } from '../access/person.ts';
import type { Parts } from '../parts.ts';
import { type Cookies, parseCookies } from '../session/cookies.ts';
import type { Session } from '../session/sessions.ts';
import { ApiError } from './errors.ts';
import { noteUser } from './request-log.ts';

/** A handler for somebody who is signed in. */
export type SignedInHandler = (request: Request, response: Response, session: Session) => Promise<void> | void;

/** The cookies of a request. */
export const cookiesOf = (request: Request): Cookies => parseCookies(request.get('cookie'));

/** The person of a session. */
export const personOf = ({ user, groups, idToken }: Session): Person => ({ user, groups, idToken });

/** The session that `requireSession` found. */
const sessionOf = (response: Response): Session => response.locals.session as Session;

/** Lets only those through who are signed in, and moves their session on, unless the request is one of the page's own. */
export function requireSession({ sessions }: Parts, isActivity: (request: Request) => boolean): RequestHandler {
  return async (request, response, next) => {
    const session = await sessions.find(cookiesOf(request));
    if (!session) throw new ApiError(401, 'Unauthenticated', 'You are not signed in, or your session has ended.');
    noteUser(response, session.user);
    const touched = isActivity(request) ? sessions.touched(session) : undefined;
    if (touched) response.append('Set-Cookie', (await sessions.lines(touched)) ?? []);
    response.locals.session = touched ?? session;
    next();
  };
}

/** Makes a handler of express of one for somebody who is signed in. */
export const signedIn =
  (handler: SignedInHandler): RequestHandler =>
  (request, response) =>
    handler(request, response, sessionOf(response));
