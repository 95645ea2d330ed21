import { z } from 'zod';
import { isUnanswered } from '#kube/errors.ts';
import { actingAs } from '../access/person.ts';
import type { Parts } from '../parts.ts';
import { type Identity, SignInError } from './identity.ts';

const reviewSchema = z.object({
  status: z.object({ userInfo: z.object({ username: z.string(), groups: z.array(z.string()).default([]) }) }),
});

/**
 * The person as the API server knows them. Where tokens are forwarded it says itself who that is, and whether it accepts
 * the token at all; else the claims say. Throws SignInError.
 */
export async function acceptedIdentity(
  { own, acting }: Pick<Parts, 'own' | 'acting'>,
  identity: Identity,
  idToken: string,
): Promise<Identity> {
  if (acting === 'impersonate') return identity;
  try {
    const answer = await actingAs(own, acting, { ...identity, idToken }).request({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    });
    const { username, groups } = reviewSchema.parse(answer).status.userInfo;
    return { ...identity, user: username, groups };
  } catch (error) {
    const words = 'Kubernetes does not accept the token of the identity provider.';
    throw new SignInError(isUnanswered(error) ? 'Rejected' : 'NotAccepted', words, error);
  }
}
