import type { Router } from 'express';
import { ApiError } from '../http/errors.ts';
import { personOf, signedIn } from '../http/signed-in.ts';
import { openStream } from '../live/stream.ts';
import { eventText } from '../live/texts.ts';
import type { Parts } from '../parts.ts';

/** The route of live changes. */
export function streamRoutes(router: Router, { viewers, hub, streams, health }: Parts): void {
  router.get(
    '/stream',
    signedIn(async (request, response, session) => {
      if (!streams.hasRoom(session.user)) {
        throw new ApiError(429, 'TooManyRequests', 'There are too many open pages.', { retryAfterSeconds: 30 });
      }
      const viewer = await viewers.of(personOf(session));
      if (request.destroyed) return;
      const subscriber = { viewer, stream: openStream(response, () => hub.snapshot(subscriber)) };
      const close = streams.open(subscriber, session);
      response.on('close', close);
      subscriber.stream.send(eventText('health', JSON.stringify(health.now)));
    }),
  );
}
