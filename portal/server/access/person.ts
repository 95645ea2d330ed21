import type { Requests } from '#kube/headers.ts';
import { withHeaders } from '#kube/headers.ts';
import { portalGroup } from '../sign-in/identity.ts';

/** Somebody as Kubernetes knows them. */
export interface Person {
  user: string;
  groups: readonly string[];
  /** Their own ID token, where it is forwarded. */
  idToken?: string | undefined;
}

/** How the portal acts as a person: as somebody who may impersonate, or with the person's own token. */
export type Acting = 'impersonate' | 'forward';

/** Equal for people with equal rights in the same mode. */
export const personKey = ({ user, groups }: Person): string => JSON.stringify([user, groups]);

/**
 * Requests as the person. Every header of theirs is built here, from the sealed session; nothing that a browser sends
 * reaches the API server as a header. Throws a RangeError for names that no person has.
 */
export function actingAs(own: Requests, acting: Acting, person: Person): Requests {
  if (acting === 'forward') {
    if (!person.idToken) throw new RangeError('there is no token to forward');
    return withHeaders(own, { authorization: `Bearer ${person.idToken}` });
  }
  for (const name of [person.user, ...person.groups]) {
    if (/^system:/i.test(name) || name === '') throw new RangeError('nobody may be impersonated by that name');
  }
  return withHeaders(own, {
    'impersonate-user': asBytes(person.user),
    'impersonate-group': [...person.groups, portalGroup].map(asBytes),
  });
}

/** The groups that a SubjectAccessReview must name for the same answer as the person's own request would get. */
export const reviewedGroups = (acting: Acting, { groups }: Person): string[] =>
  acting === 'forward' ? [...groups] : [...groups, portalGroup, 'system:authenticated'];

/** Header values are bytes; the API server reads these as UTF-8. */
const asBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
