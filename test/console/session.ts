import { randomBytes } from 'node:crypto';
import type { ConsoleSession } from '#api/kinds.ts';

/** The path of a namespace's sessions. */
export const sessionsPath = (namespace: string): string =>
  `/apis/berth.dev/v1alpha1/namespaces/${namespace}/consolesessions`;

/** A session to post, with a challenge that nobody has the verifier of unless it is given. */
export const sessionFor = (
  namespace: string,
  spec: Pick<ConsoleSession['spec'], 'vmName' | 'requester'> & Partial<ConsoleSession['spec']>,
): ConsoleSession => ({
  apiVersion: 'berth.dev/v1alpha1',
  kind: 'ConsoleSession',
  metadata: { namespace, name: `s-${randomBytes(6).toString('hex')}` },
  spec: { type: 'VNC', mode: 'Interactive', challenge: randomBytes(32).toString('base64url'), ...spec },
});
