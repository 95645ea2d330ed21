import { z } from 'zod';
import type { VirtualMachine } from '#api/kinds.ts';
import { secrets } from '#kube/builtin.ts';
import type { KubeClient } from '#kube/client.ts';
import { isForbidden, isNotFound } from '#kube/errors.ts';
import type { KubeObject } from '#kube/resource.ts';
import type { SecretView } from '../core/observed.ts';

/** The one type of Secrets of tenants that is read: nobody can have others read by naming them. */
const wantedType = 'berth.dev/cloud-init';

const secret = z.object({ type: z.string().optional(), data: z.record(z.string(), z.string()).optional() });

/** Reads the password that a machine names. Rejects with KubeError where nobody can say whether there is one. */
export async function readPassword(kube: KubeClient, { metadata, spec }: VirtualMachine): Promise<SecretView> {
  const { name = '', key = 'password' } = spec.cloudInit?.passwordSecretRef ?? {};
  const refuse = (reason: string, what: string): SecretView => {
    return { found: false, reason, message: `spec.cloudInit.passwordSecretRef: ${what}` };
  };
  try {
    const found = secret.parse(await kube.get<KubeObject>(secrets, { namespace: metadata.namespace, name }));
    if (found.type !== wantedType) {
      return refuse('SecretRefused', `the Secret "${name}" is of type ${found.type}; only ${wantedType} is read.`);
    }
    const value = found.data?.[key];
    if (value === undefined) return refuse('SecretNotFound', `the Secret "${name}" has no key "${key}".`);
    return { found: true, password: Buffer.from(value, 'base64').toString('utf8') };
  } catch (error) {
    if (isNotFound(error)) return refuse('SecretNotFound', `there is no Secret "${name}" in this namespace.`);
    if (!isForbidden(error)) throw error;
    return refuse(
      'SecretDenied',
      'Berth may not read Secrets here: bind the ClusterRole berth-cloud-init to its ServiceAccount.',
    );
  }
}
