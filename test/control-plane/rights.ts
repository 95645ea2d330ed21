import { vi } from 'vitest';
import type { KubeClient } from '#kube/client.ts';

/** Whose right to what: a user, or anybody of a group; the rest is as a SubjectAccessReview has it. */
export interface Right {
  user?: string;
  group?: string;
  verb: string;
  /** Of Berth. */
  resource: string;
  subresource?: string;
  namespace: string;
  name?: string;
}

/**
 * Waits until the API server allows something, or no longer does: it learns of roles and bindings by a watch, a moment
 * after they were written.
 */
export async function untilAllowed(
  { connection }: KubeClient,
  { user = 'anybody', group, ...attributes }: Right,
  allowed = true,
): Promise<void> {
  const groups = ['system:authenticated', ...(group === undefined ? [] : [group])];
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user, groups, resourceAttributes: { group: 'berth.dev', ...attributes } },
  };
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  const ask = async () => {
    const { status } = (await connection.request({ method: 'POST', path, body })) as { status: { allowed: boolean } };
    if (status.allowed !== allowed)
      throw new Error(`${JSON.stringify(body.spec)} is ${allowed ? 'not' : 'still'} allowed`);
  };
  await vi.waitFor(ask, { timeout: 60_000, interval: 20 });
}
