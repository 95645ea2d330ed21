import { createHash } from 'node:crypto';
import { type ErrorRequestHandler, type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { LogoutAnswer } from '#portal/api.ts';
import { endConsoles } from '../access/consoles.ts';
import { actingAs } from '../access/person.ts';
import { apiErrorOf } from '../http/errors.ts';
import { languageOf } from '../http/language.ts';
import { addressOf, limited } from '../http/rate-limits.ts';
import { requestIdOf } from '../http/request-log.ts';
import { cookiesOf, personOf } from '../http/signed-in.ts';
import type { Parts } from '../parts.ts';
import { cookieLine } from '../session/cookies.ts';
import type { Session } from '../session/sessions.ts';
import { acceptedIdentity } from './accepted.ts';
import { failurePage } from './failure-page.ts';
import { identityOf, SignInError } from './identity.ts';
import { localPath } from './return-to.ts';

/** How long somebody may take at the identity provider. */
const attemptMs = 600_000;

/** Sign-ins that one browser may have under way, in as many tabs. */
const mostAttempts = 4;

const cookiePrefix = '__Host-berth-sign-in-';

const attemptSchema = z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), returnTo: z.string() });

/** Each attempt has a cookie of its own, so that two tabs do not spoil each other's. */
const cookieNameOf = (state: string): string =>
  cookiePrefix + createHash('sha256').update(state).digest('base64url').slice(0, 12);

/** Lax, since the browser comes back from another site; the session's own cookie is Strict. */
const attemptCookie = (name: string, value: string, maxAge: number): string =>
  cookieLine(name, value, { sameSite: 'Lax', maxAge });

/** What the log says of who signs in. The agent is the browser's own word. */
const caller = (request: Request) => ({ address: request.ip, agent: request.get('user-agent')?.slice(0, 256) });

/** Routes to sign in and out. */
export function signInRoutes(parts: Parts): Router {
  const { issuer, sealer, sessions, streams, log, now, claims, rateLimits, keepsToken } = parts;
  const router = Router({ caseSensitive: true, strict: true });
  const limit = limited(rateLimits.signInsPerAddress, addressOf, 'sign-ins');

  router.get('/login', limit, async (request, response) => {
    const returnTo = localPath(request.query.returnTo);
    const { url, attempt } = await issuer.begin();
    const sealed = await sealer.seal('sign-in', { ...attempt, returnTo }, now() + attemptMs);
    const others = [...cookiesOf(request).keys()].filter(name => name.startsWith(cookiePrefix));
    const stale = others.slice(0, Math.max(0, others.length - mostAttempts + 1));
    for (const name of stale) response.append('Set-Cookie', attemptCookie(name, '', 0));
    response.append('Set-Cookie', attemptCookie(cookieNameOf(attempt.state), sealed, attemptMs / 1000));
    response.redirect(303, url);
  });

  router.get('/callback', limit, async (request, response) => {
    const { state } = request.query;
    const name = typeof state === 'string' ? cookieNameOf(state) : '';
    const sealed = cookiesOf(request).get(name);
    const opened = attemptSchema.safeParse(sealed && (await sealer.open('sign-in', sealed)));
    if (!opened.success || opened.data.state !== state) {
      throw new SignInError('NoAttempt', 'This sign-in was not begun in this browser, or too long ago.');
    }
    // One attempt, one try: a code cannot be redeemed twice, and neither can its state.
    response.append('Set-Cookie', attemptCookie(name, '', 0));
    const { returnTo, ...attempt } = opened.data;
    const signedIn = await issuer.complete(new URL(request.originalUrl, parts.publicOrigin).search, attempt);
    const identity = await acceptedIdentity(parts, identityOf(signedIn.claims, claims), signedIn.idToken);
    const token = {
      text: signedIn.idToken,
      expiresAt: parts.acting === 'forward' ? signedIn.tokenExpiresAt : Infinity,
    };
    const session = sessions.begin(identity, keepsToken ? token : undefined);
    const lines = await sessions.lines(session);
    if (!lines) throw new SignInError('TooManyGroups', 'The groups of this person do not fit into a cookie.');
    const before = await sessions.find(cookiesOf(request));
    if (before) endSession(before);
    response.append('Set-Cookie', lines);
    log.info({ ...caller(request), user: session.user, groups: session.groups.length }, 'signed in');
    response.redirect(303, returnTo);
  });

  router.post('/logout', async (request, response) => {
    const session = await sessions.find(cookiesOf(request));
    response.append('Set-Cookie', sessions.removal());
    let redirect: string | undefined;
    if (session) {
      endSession(session);
      log.info({ ...caller(request), user: session.user }, 'signed out');
      // Who signs out here has done so, whether Kubernetes and the identity provider answer or not.
      await endConsolesOf(parts, session).catch(error => {
        log.warn({ user: session.user, err: describe(error) }, 'the consoles of a session could not be ended');
      });
      redirect = await issuer.endSessionUrl().catch(() => undefined);
    }
    response.json({ redirect: redirect ?? '/' } satisfies LogoutAnswer);
  });

  function endSession(session: Parameters<typeof sessions.end>[0]): void {
    sessions.end(session);
    streams.endSession(session.id);
  }

  const failed: ErrorRequestHandler = (error, request: Request, response: Response, next) => {
    if (request.method !== 'GET') {
      next(error);
      return;
    }
    const { status, reason } = failureOf(error);
    const requestId = requestIdOf(response);
    const cause = error instanceof SignInError ? (error.cause ?? error) : error;
    log.warn({ ...caller(request), requestId, reason, err: describe(cause) }, 'a sign-in failed');
    const language = languageOf(cookiesOf(request), request.acceptsLanguages());
    response
      .status(status)
      .type('html')
      .send(failurePage(reason, language, requestId));
  };
  router.use(failed);
  return router;
}

/** Consoles that were opened in a session go with it. */
async function endConsolesOf({ own, acting, viewers }: Parts, session: Session): Promise<void> {
  const person = personOf(session);
  const seen = async () => (await viewers.of(person)).namespaces();
  await endConsoles(actingAs(own, acting, person), session.id, seen);
}

function failureOf(error: unknown): { status: number; reason: string } {
  if (!(error instanceof SignInError)) {
    const { status } = apiErrorOf(error);
    return { status, reason: status === 429 ? 'TooManyRequests' : 'Rejected' };
  }
  const { reason } = error;
  return { status: reason === 'IssuerUnavailable' ? 502 : reason === 'NoAttempt' ? 400 : 403, reason };
}

/** What of an error may be logged: libraries hang answers, and so tokens, on theirs. */
function describe(error: unknown): { name: string; message: string; code?: string } {
  if (!(error instanceof Error)) return { name: 'Unknown', message: 'no error' };
  const { code } = error as { code?: unknown };
  return { name: error.name, message: error.message.slice(0, 300), ...(typeof code === 'string' && { code }) };
}
