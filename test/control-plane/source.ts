/** Where a control plane comes from. */
export type Source =
  | { from: 'kubeconfig'; path: string }
  | { from: 'assets'; folder: string }
  | { from: 'kind' }
  | { from: 'build' };

/** What a caller may ask for; the environment is that of the process, or a test's own. */
export interface Wanted {
  /** Path of a kubeconfig for a cluster that runs already. $KUBECONFIG alone is never taken: it may be production. */
  kubeconfig?: string | undefined;
  /** `kind` for a cluster in Docker; $CLUSTER where it is not given. */
  cluster?: string | undefined;
  env: NodeJS.ProcessEnv;
}

/** What to do when none of the sources is possible here. */
export const REMEDY =
  'Install Go 1.26 or newer (https://go.dev/dl), or set KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver, ' +
  'or CLUSTER=kind where Docker runs, or name a cluster with --kubeconfig.';

/** The first of: the kubeconfig, KUBEBUILDER_ASSETS, kind, our own build. Throws if CLUSTER is none that we know. */
export function chooseSource({ kubeconfig, cluster, env }: Wanted): Source {
  if (kubeconfig) return { from: 'kubeconfig', path: kubeconfig };
  if (env.KUBEBUILDER_ASSETS) return { from: 'assets', folder: env.KUBEBUILDER_ASSETS };
  const wanted = cluster ?? env.CLUSTER;
  if (wanted === 'kind') return { from: 'kind' };
  if (wanted) throw new Error(`CLUSTER=${wanted} is not known: kind is, and without CLUSTER a control plane is built.`);
  return { from: 'build' };
}
