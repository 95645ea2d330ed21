import { access, readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { dirname, join, resolve } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';

/** What a connection needs of a kubeconfig: the official client's, or one of {@link readPlainKubeConfig}. */
export interface KubeAccess {
  readonly currentContext: string;
  getCurrentCluster(): Pick<NonNullable<ReturnType<KubeConfig['getCurrentCluster']>>, 'server' | 'proxyUrl'> | null;
  /** Adds CA, certificate and authorization as they are now. */
  applyToHTTPSOptions(options: RequestOptions): Promise<void>;
}

const text = z.string().min(1);

/** A cluster and a user that need nothing but files; any other key asks for the official client. */
const plainCluster = z.strictObject({
  server: text,
  'certificate-authority': text.optional(),
  'certificate-authority-data': text.optional(),
  'tls-server-name': text.optional(),
});
const plainUser = z.strictObject({
  token: text.optional(),
  tokenFile: text.optional(),
  'client-certificate': text.optional(),
  'client-certificate-data': text.optional(),
  'client-key': text.optional(),
  'client-key-data': text.optional(),
});

type PlainCluster = z.infer<typeof plainCluster>;
type PlainUser = z.infer<typeof plainUser>;

const named = z.looseObject({ name: text });
const kubeConfigFile = z.looseObject({
  'current-context': text,
  contexts: z.array(named.extend({ context: z.looseObject({ cluster: text, user: text }) })),
  clusters: z.array(named.extend({ cluster: z.unknown() })),
  users: z.array(named.extend({ user: z.unknown() })),
});

/** Where a pod finds its ServiceAccount. */
const serviceAccountDir = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Where a kubeconfig is looked for. */
export interface KubeConfigPlaces {
  /** A file that was asked for. */
  path?: string | undefined;
  /** KUBECONFIG, KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT and HOME count. */
  env: NodeJS.ProcessEnv;
  /** Where a pod's ServiceAccount is, if not where it always is. */
  serviceAccount?: string;
}

/**
 * Reads a kubeconfig that names tokens and certificates, or the ServiceAccount of a pod: all that a service needs.
 * Answers undefined where it takes more, such as an exec plugin: for that there is the official client, whose models
 * take 20 to 90 MB of memory once they are loaded. Files are read anew each time, so that rotated ones count.
 */
export async function readPlainKubeConfig(places: KubeConfigPlaces): Promise<KubeAccess | undefined> {
  const { path, env, serviceAccount = serviceAccountDir } = places;
  if (path !== undefined) return readFileOf(path);
  const own = join(env.HOME ?? '/', '.kube', 'config');
  const inPod = env.KUBERNETES_SERVICE_HOST !== undefined && (await exists(join(serviceAccount, 'token')));
  if (env.KUBECONFIG || !inPod || (await exists(own))) return undefined;
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = env;
  const cluster = {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    'certificate-authority': join(serviceAccount, 'ca.crt'),
  };
  return accessOf('the pod', cluster, { tokenFile: join(serviceAccount, 'token') }, '/');
}

async function readFileOf(path: string): Promise<KubeAccess | undefined> {
  const { parse } = await import('yaml');
  const parsed = kubeConfigFile.safeParse(parse(await readFile(path, 'utf8')));
  if (!parsed.success) return undefined;
  const { 'current-context': current, contexts, clusters, users } = parsed.data;
  const context = contexts.find(({ name }) => name === current)?.context;
  const cluster = plainCluster.safeParse(clusters.find(({ name }) => name === context?.cluster)?.cluster);
  const user = plainUser.safeParse(users.find(({ name }) => name === context?.user)?.user);
  return cluster.success && user.success ? accessOf(current, cluster.data, user.data, dirname(path)) : undefined;
}

function accessOf(currentContext: string, cluster: PlainCluster, user: PlainUser, dir: string): KubeAccess {
  const content = async (data: string | undefined, file: string | undefined) => {
    if (data !== undefined) return Buffer.from(data, 'base64').toString();
    return file === undefined ? undefined : readFile(resolve(dir, file), 'utf8');
  };
  return {
    currentContext,
    getCurrentCluster: () => ({ server: cluster.server }),
    async applyToHTTPSOptions(options) {
      const [ca, cert, key, token] = await Promise.all([
        content(cluster['certificate-authority-data'], cluster['certificate-authority']),
        content(user['client-certificate-data'], user['client-certificate']),
        content(user['client-key-data'], user['client-key']),
        // As with kubectl, a file is newer than what stands beside it.
        user.tokenFile === undefined ? user.token : content(undefined, user.tokenFile),
      ]);
      Object.assign(options, definedOnly({ ca, cert, key, servername: cluster['tls-server-name'] }));
      if (token !== undefined) options.headers = { ...options.headers, authorization: `Bearer ${token.trim()}` };
    },
  };
}

const definedOnly = (options: object): object =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
