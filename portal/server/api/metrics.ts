import type { Router } from 'express';
import { ApiError } from '../http/errors.ts';
import { personOf, signedIn } from '../http/signed-in.ts';
import { rangeOf } from '../metrics-source.ts';
import type { Parts } from '../parts.ts';
import { visiblePlace } from './place.ts';

/** The route of a machine's figures. */
export function metricsRoutes(router: Router, parts: Parts): void {
  router.get(
    '/namespaces/:namespace/machines/:name/metrics',
    signedIn(async (request, response, session) => {
      const { namespace, name } = await visiblePlace(parts, request, session);
      const range = rangeOf(request.query.range);
      const question = { verb: 'get', resource: 'virtualmachines/metrics', namespace, name };
      if (!(await parts.reviews.allowed(personOf(session), question))) {
        throw new ApiError(403, 'Forbidden', 'You may see this machine, but not its figures.');
      }
      if (!parts.metrics) throw new ApiError(503, 'MetricsUnavailable', 'The figures of machines are not served here.');
      response.json(await parts.metrics.read(namespace, name, range));
    }),
  );
}
