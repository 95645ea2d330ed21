import express, { type ErrorRequestHandler, type Express, type Request } from 'express';
import { KubeError } from '#kube/errors.ts';
import type { Logger } from '#kube/telemetry.ts';
import type { ConsoleMetrics } from './metrics.ts';
import { isFrom } from './origin.ts';
import { assets, type Pages, refusedPage, securityHeaders, sendPage } from './pages.ts';
import { openSession, type RedeemParts, redeem } from './redeem.ts';
import { Refusal } from './refusal.ts';
import { cookieName, readCookie } from './secret.ts';
import type { SessionKey } from './sessions.ts';

/** What the HTTP side works with. */
export interface AppParts extends RedeemParts {
  /** Where people reach this, as https://console.example.org. */
  origin: string;
  /** Origins of portals: pages that may send a verifier. */
  portals: readonly string[];
  pages: Pages;
  metrics: ConsoleMetrics;
  log: Logger;
}

/** A verifier has 43 characters. */
const mostFormBytes = '1kb';

/** As many may be opened at a time; each asks the API server five times. */
const mostRedemptions = 100;

const label = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** The session that a path names. @throws Refusal */
export function sessionKeyOf({ namespace, name }: Record<string, unknown>): SessionKey {
  if (typeof namespace !== 'string' || typeof name !== 'string' || !label.test(namespace) || !label.test(name)) {
    throw new Refusal('NotFound');
  }
  return { namespace, name };
}

/**
 * The HTTP side: redemption by POST, the pages, and what a page needs to know. No secret is in a URL, and none in an
 * answer but for the cookie.
 */
export function createApp(parts: AppParts): Express {
  const { origin, portals, pages } = parts;
  const { host } = new URL(origin);
  const app = express().disable('x-powered-by').disable('etag').set('query parser', false);
  app.use(securityHeaders("'self'"));
  app.use((request, _response, next) => {
    // Whoever has a name of their own point here gets nothing.
    next(request.headers.host === host ? undefined : new Refusal('Origin'));
  });
  app.use('/assets', assets());

  let redemptions = 0;
  app.post(
    '/s/:namespace/:name',
    express.urlencoded({ extended: false, limit: mostFormBytes }),
    async (request, response) => {
      if (!isFrom(request.headers.origin, [origin, ...portals])) throw new Refusal('Origin');
      if (redemptions >= mostRedemptions) throw new Refusal('Busy');
      const key = sessionKeyOf(request.params);
      const verifier: unknown = request.body?.verifier;
      redemptions += 1;
      try {
        const { session, ticket, seconds } = await redeem(
          parts,
          key,
          typeof verifier === 'string' ? verifier : undefined,
        );
        const attributes = `Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=${seconds}`;
        response.set('set-cookie', `${cookieName(key)}=${ticket}; ${attributes}`);
        const page = session.spec.type === 'Serial' ? 'serial' : 'screen';
        response.set('cache-control', 'no-store').redirect(303, `/${page}/${key.namespace}/${key.name}`);
      } finally {
        redemptions -= 1;
      }
    },
  );

  app.get('/session/:namespace/:name', async (request, response) => {
    const key = sessionKeyOf(request.params);
    const { spec, status } = await openSession(parts, key, ticketOf(request, key));
    response.set('cache-control', 'no-store').json({
      vm: spec.vmName,
      namespace: key.namespace,
      type: spec.type,
      mode: spec.mode,
      endsAt: status?.endsAt,
      portals,
    });
  });

  app.get('/open', (_request, response) => sendPage(response, pages.open));
  app.get('/screen/:namespace/:name', (_request, response) => sendPage(response, pages.screen));
  app.get('/serial/:namespace/:name', securityHeaders("'unsafe-inline'"), (_request, response) =>
    sendPage(response, pages.serial),
  );
  app.use(() => {
    throw new Refusal('NotFound');
  });
  app.use(refuse(parts));
  return app;
}

/** The cookie of a session, from a request of any kind. */
export const ticketOf = ({ headers }: Pick<Request, 'headers'>, key: SessionKey): string | undefined =>
  readCookie(headers.cookie, cookieName(key));

const refuse =
  ({ pages, metrics, log }: AppParts): ErrorRequestHandler =>
  (error: unknown, request, response, _next) => {
    const refusal = error instanceof Refusal ? error : new Refusal(isTheirs(error) ? 'Malformed' : 'Unavailable');
    metrics.refused(refusal.reason);
    if (refusal.reason === 'Unavailable') log.warn({ err: error }, 'a request failed');
    else log.info({ reason: refusal.reason, method: request.method }, 'a request was refused');
    if (response.headersSent) response.destroy();
    else if (request.accepts(['html', 'json']) === 'json')
      response.status(refusal.status).json({ reason: refusal.reason });
    else sendPage(response, refusedPage(pages, refusal.reason), refusal.status);
  };

/** What express found wrong with a request: a form that is too large, a path that cannot be decoded. */
const isTheirs = (error: unknown): boolean =>
  !(error instanceof KubeError) &&
  error instanceof Error &&
  'status' in error &&
  typeof error.status === 'number' &&
  error.status < 500;
