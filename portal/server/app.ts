import express, { type Express, Router } from 'express';
import type { VersionInfo } from '#portal/api.ts';
import { catalogueRoutes } from './api/catalogue.ts';
import { consoleRoutes } from './api/console.ts';
import { eventRoutes } from './api/events.ts';
import { isoRoutes } from './api/isos.ts';
import { kubeconfigRoutes } from './api/kubeconfig.ts';
import { machineRoutes } from './api/machines.ts';
import { metricsRoutes } from './api/metrics.ts';
import { operationRoutes } from './api/operations.ts';
import { sessionRoutes } from './api/session.ts';
import { snapshotRoutes } from './api/snapshots.ts';
import { streamRoutes } from './api/stream.ts';
import { ApiError, notFound } from './http/errors.ts';
import { securityHeaders } from './http/headers.ts';
import { addressOf, limited } from './http/rate-limits.ts';
import { errorAnswers, requestLog } from './http/request-log.ts';
import { sameOrigin } from './http/same-origin.ts';
import { requireSession } from './http/signed-in.ts';
import { pages } from './pages.ts';
import type { Parts } from './parts.ts';
import { signInRoutes } from './sign-in/routes.ts';

/** A machine with all its notes has some kilobytes. */
const mostBodyBytes = 64 * 1024;

/** The portal as an express application. What holds for every answer comes first. */
export function createApp(parts: Parts): Express {
  const { log, now, publicOrigin, consoleOrigin, rateLimits } = parts;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', parts.trustedHops);
  app.set('query parser', 'simple');
  app.set('case sensitive routing', true);
  app.use(requestLog(log, now), ...securityHeaders(consoleOrigin));
  app.use(limited(rateLimits.perAddress, addressOf, 'requests'));
  app.use(sameOrigin(publicOrigin));
  app.use('/auth', signInRoutes(parts));
  app.use('/api/v1', apiRoutes(parts));
  app.use(['/api', '/auth'], (_request, _response, next) => next(notFound()));
  app.use(pages(parts.pages));
  app.use((_request, _response, next) => next(notFound()));
  app.use(errorAnswers(log));
  return app;
}

function apiRoutes(parts: Parts): Router {
  const router = Router({ caseSensitive: true });
  router.get('/version', (_request, response) => {
    response.json(parts.version satisfies VersionInfo);
  });
  router.use(requireSession(parts, request => request.path !== '/stream'));
  const writes = limited(parts.rateLimits.writesPerPerson, request => userOf(request.res?.locals.session), 'changes');
  router.use((request, response, next) => (request.method === 'GET' ? next() : writes(request, response, next)));
  router.use((request, _response, next) => {
    const isJson = request.method === 'GET' || request.is('application/json');
    next(isJson ? undefined : new ApiError(415, 'UnsupportedMediaType', 'Send JSON, as application/json.'));
  });
  router.use(express.json({ limit: mostBodyBytes, inflate: false, type: 'application/json' }));
  sessionRoutes(router, parts);
  catalogueRoutes(router, parts);
  isoRoutes(router, parts);
  machineRoutes(router, parts);
  eventRoutes(router, parts);
  metricsRoutes(router, parts);
  operationRoutes(router, parts);
  snapshotRoutes(router, parts);
  consoleRoutes(router, parts);
  kubeconfigRoutes(router, parts);
  streamRoutes(router, parts);
  return router;
}

const userOf = (session: unknown): string => (session as { user: string }).user;
