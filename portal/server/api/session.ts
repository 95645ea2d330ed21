import type { Router } from 'express';
import { profileRequest, type SessionInfo } from '#portal/api.ts';
import { roleOf, tenantRightsOf } from '../access/rights.ts';
import { languageCookie, languageOf, languageSeconds } from '../http/language.ts';
import { cookiesOf, personOf, signedIn } from '../http/signed-in.ts';
import type { Parts } from '../parts.ts';
import { cookieLine } from '../session/cookies.ts';
import { readBody } from './read-body.ts';

/** A namespace may have a name for people; else they see its own. */
const displayNameAnnotation = 'berth.dev/display-name';

/** Routes about the person who is signed in. */
export function sessionRoutes(router: Router, parts: Parts): void {
  const { viewers, reviews, sessions, stores, health, consoleOrigin } = parts;

  router.get(
    '/session',
    signedIn(async (request, response, session) => {
      const person = personOf(session);
      const namespaces = (await viewers.of(person)).namespaces().sort();
      const rights = await tenantRightsOf(reviews, person, namespaces);
      const { idleUntil, expiresAt } = sessions.endsAt(session);
      const displayName = (namespace: string) =>
        stores.tenants.get(namespace)?.metadata.annotations?.[displayNameAnnotation] ?? namespace;
      const info: SessionInfo = {
        user: {
          name: session.user,
          displayName: session.displayName,
          ...(session.email && { email: session.email }),
        },
        role: await roleOf(reviews, person, rights.values()),
        groups: session.groups,
        language: languageOf(cookiesOf(request), request.acceptsLanguages()),
        idleExpiresAt: new Date(idleUntil).toISOString(),
        expiresAt: new Date(expiresAt).toISOString(),
        tenants: [...rights].map(([name, can]) => ({ name, displayName: displayName(name), can })),
        ...(consoleOrigin && { consoleOrigin }),
        clusters: health.now.clusters,
      };
      response.json(info);
    }),
  );

  router.put(
    '/profile',
    signedIn((request, response) => {
      const { language } = readBody(profileRequest, request);
      const options = { sameSite: 'Lax', maxAge: languageSeconds, readable: true } as const;
      response.append('Set-Cookie', cookieLine(languageCookie, language, options));
      response.status(204).end();
    }),
  );
}
