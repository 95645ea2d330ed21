import { z } from 'zod';
import type { ConsoleSession } from '#api/kinds.ts';
import { group } from '#api/names.ts';
import type { KubeClient } from '#kube/client.ts';

const answerSchema = z.object({ status: z.object({ allowed: z.boolean() }) });

/**
 * Asks the API server whether who asked for a session may see that console now. The name and the groups are those that
 * the API server itself knew the person by. Rejects with KubeError.
 */
export async function maySee(
  kube: KubeClient,
  { metadata, spec }: ConsoleSession,
  signal?: AbortSignal,
): Promise<boolean> {
  const answer = await kube.connection.request({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: spec.requester,
        groups: spec.requesterGroups ?? [],
        resourceAttributes: {
          group,
          resource: 'virtualmachines',
          subresource: 'console',
          verb: 'get',
          namespace: metadata.namespace,
          name: spec.vmName,
        },
      },
    },
    signal,
  });
  return answerSchema.parse(answer).status.allowed;
}
