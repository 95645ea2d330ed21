import { z } from 'zod';
import { secrets } from '#kube/builtin.ts';
import type { KubeClient } from '#kube/client.ts';
import { isAlreadyExists, isConflict, isNotFound } from '#kube/errors.ts';
import type { KubeObject } from '#kube/resource.ts';
import { isDue, type KeyPair, makeCertificate } from './certificate.ts';

/** Where the key of the webhook is kept. All replicas share it. */
export const secretName = 'berth-webhook';

/** Three months; replaced after two. */
export const lifeMs = 90 * 24 * 3_600_000;

/** How the webhook proves itself, and by what the API server knows it: the certificates of now and of before. */
export interface Credentials extends KeyPair {
  bundle: string;
}

const secretSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string(), resourceVersion: z.string() }),
  data: z.object({ 'tls.crt': z.base64(), 'tls.key': z.base64(), 'previous.crt': z.base64().optional() }),
});

type Secret = KubeObject & z.infer<typeof secretSchema>;

/**
 * The credentials of the webhook: those in the Secret, or new ones where there are none or their time has come. `announce`
 * is told the bundle before the new certificate is used. Only one of several replicas replaces it; the others take what
 * it wrote. Rejects with KubeError.
 */
export async function readOrRenew(
  kube: KubeClient,
  namespace: string,
  hosts: readonly [string, ...string[]],
  announce: (bundle: string) => Promise<void>,
  now: Date,
): Promise<Credentials> {
  for (;;) {
    const secret = await readSecret(kube, namespace);
    const present = secret && credentialsOf(secret);
    if (present && !isDue(present.certificate, hosts, now)) {
      await announce(present.bundle);
      return present;
    }
    const next = makeCertificate(hosts, lifeMs, now);
    const previous = present?.certificate ?? '';
    await announce(next.certificate + previous);
    const data = { 'tls.crt': encode(next.certificate), 'tls.key': encode(next.key), 'previous.crt': encode(previous) };
    const metadata = { namespace, name: secretName };
    try {
      if (secret) await kube.replace(secrets, { ...secret, data });
      else await kube.create(secrets, { metadata, type: 'kubernetes.io/tls', data } as KubeObject);
      return { ...next, bundle: next.certificate + previous };
    } catch (error) {
      if (!isConflict(error) && !isAlreadyExists(error)) throw error;
    }
  }
}

async function readSecret(kube: KubeClient, namespace: string): Promise<Secret | undefined> {
  try {
    const secret = await kube.get<KubeObject>(secrets, { namespace, name: secretName });
    return { ...secret, ...secretSchema.parse(secret) } as Secret;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function credentialsOf({ data }: Secret): Credentials {
  const certificate = decode(data['tls.crt']);
  return { certificate, key: decode(data['tls.key']), bundle: certificate + decode(data['previous.crt'] ?? '') };
}

const encode = (value: string): string => Buffer.from(value).toString('base64');
const decode = (value: string): string => Buffer.from(value, 'base64').toString();
