import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ConsoleSessionSpec } from '#api/console-session.ts';
import { type ConsoleSession, consoleSessions } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';

/** The console is not to be had; the message says why, for people. */
export class NotOpened extends Error {
  override readonly name = 'NotOpened';
}

/** A session that can be opened, and the secret that opens it. */
export interface RequestedConsole {
  name: string;
  url: string;
  verifier: string;
}

/** The operator answers in well under a second. */
const readyMs = 15_000;

/** How often it is looked whether it has. */
const lookMs = 200;

const selfReview = z.object({
  status: z.object({ userInfo: z.object({ username: z.string(), groups: z.array(z.string()).optional() }) }),
});

/** Creates a ConsoleSession in the caller's name and waits until it can be opened. @throws NotOpened, KubeError */
export async function requestConsole(
  kube: KubeClient,
  { namespace, ...wanted }: Pick<ConsoleSessionSpec, 'vmName' | 'type' | 'mode'> & { namespace: string },
): Promise<RequestedConsole> {
  const { username, groups = [] } = await whoAmI(kube);
  const verifier = randomBytes(32).toString('base64url');
  const name = `${wanted.vmName.slice(0, 40)}-${randomBytes(5).toString('hex')}`;
  await kube.create<ConsoleSession>(consoleSessions, {
    metadata: { namespace, name },
    spec: {
      ...wanted,
      requester: username,
      ...(groups.length > 0 && { requesterGroups: groups }),
      challenge: createHash('sha256').update(verifier).digest('base64url'),
    },
  });
  const deadline = Date.now() + readyMs;
  for (;;) {
    const { status } = await kube.get<ConsoleSession>(consoleSessions, { namespace, name });
    const stalled = status?.conditions?.find(({ type }) => type === 'Stalled');
    if (stalled) throw new NotOpened(stalled.message);
    if (status?.url !== undefined) return { name, url: status.url, verifier };
    if (Date.now() > deadline)
      throw new NotOpened(`Nobody answered within ${readyMs / 1000} s: does the operator run?`);
    await sleep(lookMs);
  }
}

/** Whom the API server takes the caller for. Rejects with KubeError. */
async function whoAmI(kube: KubeClient): Promise<z.infer<typeof selfReview>['status']['userInfo']> {
  const answer = await kube.connection.request({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  });
  return selfReview.parse(answer).status.userInfo;
}
