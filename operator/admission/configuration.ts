import { webhookConfigurations } from '#kube/builtin.ts';
import { type JsonPatchOperation, type KubeClient, unchangedSince } from '#kube/client.ts';
import { isConflict, isNotFound } from '#kube/errors.ts';
import type { KubeObject } from '#kube/resource.ts';

/** Name of the ValidatingWebhookConfiguration that the chart installs. */
export const configurationName = 'quota.berth.dev';

type Configuration = KubeObject & { webhooks?: { clientConfig: { caBundle?: string; url?: string } }[] };

/** Paths of the webhooks, in the order in which the configuration has them. */
export const paths = ['/machines', '/quotas', '/snapshots'] as const;

/**
 * Tells the API server by which certificates it knows the webhook, and, where it has an address of its own rather than a
 * Service, at which. Answers false where the webhook is not installed.
 */
export async function announce(kube: KubeClient, bundle: string, url: string | undefined): Promise<boolean> {
  for (;;) {
    try {
      const configuration = await kube.get<Configuration>(webhookConfigurations, { name: configurationName });
      const operations = changes(configuration, Buffer.from(bundle).toString('base64'), url);
      if (operations.length > 0) await kube.patch(webhookConfigurations, configuration.metadata, operations);
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      if (!isConflict(error)) throw error;
    }
  }
}

function changes({ metadata, webhooks = [] }: Configuration, caBundle: string, url?: string): JsonPatchOperation[] {
  const operations = webhooks.flatMap(({ clientConfig }, index): JsonPatchOperation[] => {
    const address = url && `${url}${paths[index]}`;
    if (clientConfig.caBundle === caBundle && (!address || clientConfig.url === address)) return [];
    const path = `/webhooks/${index}/clientConfig`;
    if (address) return [{ op: 'replace', path, value: { url: address, caBundle } }];
    return [{ op: 'add', path: `${path}/caBundle`, value: caBundle }];
  });
  if (operations.length === 0) return [];
  return [unchangedSince(metadata), ...operations];
}
