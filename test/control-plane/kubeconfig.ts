import { writeFile } from 'node:fs/promises';
import { type Cluster, CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { stringify } from 'yaml';

/** Who to be, and where. */
export interface Login {
  cluster: Cluster;
  user: string;
  token: string;
  /** Namespace of the context; `default` where it is not given. */
  namespace?: string;
}

/** Writes a kubeconfig with one context, readable by this user only. */
export async function writeKubeconfig(path: string, { cluster, user, token, namespace }: Login): Promise<void> {
  const config = new KubeConfig();
  const context = { name: cluster.name, cluster: cluster.name, user, ...(namespace && { namespace }) };
  const users = [{ name: user, token }];
  config.loadFromOptions({ clusters: [cluster], users, contexts: [context], currentContext: context.name });
  await writeFile(path, stringify(JSON.parse(config.exportConfig())), { mode: 0o600 });
}

/** Reads a kubeconfig; throws if its current context names no cluster. */
export function readKubeconfig(path: string): { config: KubeConfig; cluster: Cluster } {
  const config = new KubeConfig();
  config.loadFromFile(path);
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error(`${path} has no current context with a cluster`);
  return { config, cluster };
}

// A demo may run for a day; the API server's own default is an hour.
const TOKEN_SECONDS = 24 * 3600;

/**
 * Writes a kubeconfig to `path` for an existing ServiceAccount, with a token of a day by TokenRequest, and resolves with
 * `path`. `admin` is a kubeconfig that may ask for the token. Rejects with the API server's answer.
 */
export async function writeServiceAccountKubeconfig(
  admin: string,
  namespace: string,
  name: string,
  path: string,
): Promise<string> {
  const { config, cluster } = readKubeconfig(admin);
  const { status } = await config.makeApiClient(CoreV1Api).createNamespacedServiceAccountToken({
    namespace,
    name,
    body: { spec: { audiences: [], expirationSeconds: TOKEN_SECONDS } },
  });
  if (!status?.token) throw new Error(`The API server gave no token for the ServiceAccount ${namespace}/${name}`);
  await writeKubeconfig(path, { cluster, user: `${namespace}-${name}`, token: status.token, namespace });
  return path;
}
