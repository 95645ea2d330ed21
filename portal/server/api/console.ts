import type { Router } from 'express';
import { type ConsoleSession, consoleSessions } from '#api/kinds.ts';
import { sleep } from '#kube/clock.ts';
import { startDeadline } from '#kube/deadline.ts';
import type { Requests } from '#kube/headers.ts';
import { apiVersionOf, collectionPath, type ObjectKey, objectPath } from '#kube/resource.ts';
import { type ConsoleAnswer, consoleRequest } from '#portal/api.ts';
import { consoleLabels } from '../access/consoles.ts';
import { actingAs, reviewedGroups } from '../access/person.ts';
import { ApiError } from '../http/errors.ts';
import { personOf, signedIn } from '../http/signed-in.ts';
import type { Parts } from '../parts.ts';
import { visiblePlace } from './place.ts';
import { readBody } from './read-body.ts';

/** The operator makes a session ready in well under a second. */
const readyMs = 10_000;

const lookMs = 150;

/** The route that asks for a console. */
export function consoleRoutes(router: Router, parts: Parts): void {
  router.post(
    '/namespaces/:namespace/machines/:name/console',
    signedIn(async (request, response, session) => {
      const { namespace, name } = await visiblePlace(parts, request, session);
      const wanted = readBody(consoleRequest, request);
      const person = personOf(session);
      const requests = actingAs(parts.own, parts.acting, person);
      const made = (await requests.request({
        method: 'POST',
        path: collectionPath(consoleSessions, namespace),
        query: { fieldManager: 'berth-portal' },
        body: {
          apiVersion: apiVersionOf(consoleSessions),
          kind: consoleSessions.kind,
          metadata: { generateName: `${name}-`, namespace, labels: consoleLabels(session.id) },
          spec: {
            ...wanted,
            vmName: name,
            requester: session.user,
            requesterGroups: reviewedGroups(parts.acting, person),
          },
        },
      })) as ConsoleSession;
      response.status(201).json(await whenReady(requests, { namespace, name: made.metadata.name }));
    }),
  );
}

/** Looks until the operator has said where the console is. Throws ApiError where it says no, or nothing in time. */
async function whenReady(requests: Requests, key: ObjectKey): Promise<ConsoleAnswer> {
  using deadline = startDeadline(readyMs);
  const path = objectPath(consoleSessions, key);
  for (;;) {
    const { metadata, status } = (await requests.request({ method: 'GET', path })) as ConsoleSession;
    const condition = (type: string) => status?.conditions?.find(found => found.type === type);
    const stalled = condition('Stalled');
    if (stalled?.status === 'True') throw new ApiError(409, 'ConsoleNotReady', stalled.message);
    if (condition('Ready')?.status === 'True' && status?.url && status.expiresAt) {
      return { name: metadata.name, url: status.url, expiresAt: status.expiresAt };
    }
    await sleep(lookMs, deadline.signal);
    if (deadline.signal.aborted) {
      throw new ApiError(503, 'ConsoleNotReady', 'The console was not ready in time. Try again.', {
        retryAfterSeconds: 2,
      });
    }
  }
}
