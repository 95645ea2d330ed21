import { secrets } from '#kube/builtin.ts';
import type { KubeClient } from '#kube/client.ts';
import { isForbidden, isNotFound } from '#kube/errors.ts';
import type { KubeObject } from '#kube/resource.ts';
import { tokenOf } from '#proxmox/token-secret.ts';
import type { Finding } from '../core/decision.ts';

/** Reads an API token from its Secret: `user@realm!name=secret`, or why there is none. Never names what the Secret holds. */
export async function readCredentials(
  kube: KubeClient,
  ref: { namespace: string; name: string },
): Promise<{ token: string } | Finding> {
  const where = `Secret ${ref.namespace}/${ref.name}`;
  let secret: KubeObject & { data?: Record<string, string> };
  try {
    secret = await kube.get(secrets, ref);
  } catch (error) {
    if (isNotFound(error)) return { reason: 'CredentialsMissing', message: `There is no ${where}.` };
    if (isForbidden(error)) return { reason: 'CredentialsMissing', message: `The operator may not read ${where}.` };
    throw error;
  }
  const read = tokenOf(secret.data ?? {});
  if ('token' in read) return read;
  const message = `${where} needs the keys tokenId (user@realm!name) and tokenSecret; look at ${read.wrongKeys}.`;
  return { reason: 'CredentialsInvalid', message };
}
