import type { Router } from 'express';
import { z } from 'zod';
import { isForbidden } from '#kube/errors.ts';
import type { EventList } from '#portal/api.ts';
import { actingAs } from '../access/person.ts';
import { personOf, signedIn } from '../http/signed-in.ts';
import type { Parts } from '../parts.ts';
import { visibleMachine } from './place.ts';

/** The API server keeps an hour of them; a machine has a dozen. */
const mostEvents = 100;

const eventsSchema = z.object({
  items: z.array(
    z.object({
      type: z.string().optional(),
      reason: z.string().optional(),
      note: z.string().optional(),
      eventTime: z.string().nullish(),
      deprecatedLastTimestamp: z.string().nullish(),
      deprecatedCount: z.number().nullish(),
      metadata: z.object({ creationTimestamp: z.string().nullish() }),
      series: z.object({ count: z.number(), lastObservedTime: z.string() }).nullish(),
    }),
  ),
});

/** The route of a machine's events. */
export function eventRoutes(router: Router, parts: Parts): void {
  router.get(
    '/namespaces/:namespace/machines/:name/events',
    signedIn(async (request, response, session) => {
      const { metadata } = await visibleMachine(parts, request, session);
      const requests = actingAs(parts.own, parts.acting, personOf(session));
      try {
        const answer = await requests.request({
          method: 'GET',
          path: `/apis/events.k8s.io/v1/namespaces/${metadata.namespace}/events`,
          query: { fieldSelector: `regarding.uid=${metadata.uid}`, limit: mostEvents },
        });
        response.json(eventList(answer));
      } catch (error) {
        // Who was given this one machine may not read the events of the whole namespace.
        if (!isForbidden(error)) throw error;
        response.json({ items: [] } satisfies EventList);
      }
    }),
  );
}

function eventList(answer: unknown): EventList {
  const items = eventsSchema.parse(answer).items.map(event => {
    const { series, eventTime, deprecatedLastTimestamp, metadata, deprecatedCount } = event;
    const time = series?.lastObservedTime ?? deprecatedLastTimestamp ?? eventTime ?? metadata.creationTimestamp;
    return {
      time: new Date(time ?? 0).toISOString(),
      type: event.type === 'Warning' ? ('Warning' as const) : ('Normal' as const),
      reason: event.reason ?? '',
      message: event.note ?? '',
      count: series?.count ?? deprecatedCount ?? 1,
    };
  });
  return { items: items.sort((a, b) => (a.time < b.time ? 1 : -1)) };
}
