import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { files } from './flags.ts';
import { startKind } from './kind.ts';
import { readKubeconfig, writeServiceAccountKubeconfig } from './kubeconfig.ts';
import { type Running, startLocal } from './local.ts';
import { buildControlPlane } from './programs.ts';
import { chooseSource, type Wanted } from './source.ts';

/** What to start, and where. `env` gives PATH, KUBEBUILDER_ASSETS and CLUSTER; see {@link chooseSource}. */
export interface ControlPlaneOptions extends Wanted {
  /** Folder for data, keys, kubeconfig and logs. Data that are there already are found again. */
  dir: string;
  /** Told, in lines, of what takes time and of a server that ends by itself. */
  log: (line: string) => void;
  /** Stops the control plane, or its start, when it aborts. */
  signal?: AbortSignal;
  /** More flags for kube-apiserver, e.g. `--authentication-config=…`. Only for servers that are started here. */
  apiServerArgs?: readonly string[];
}

/** A Kubernetes control plane that answers. */
export interface ControlPlane {
  /** Path of the administrator's kubeconfig. */
  kubeconfig: string;
  /** Address of the API server. */
  url: string;
  /** Path of its CA bundle; undefined where the kubeconfig names none. */
  caFile: string | undefined;
  /** The administrator's bearer token; undefined where the kubeconfig has another kind of credentials. */
  adminToken: string | undefined;
  /** The API server's file for `trustIssuers`; undefined where it is not ours to change. */
  authenticationFile: string | undefined;
  /**
   * Writes a kubeconfig to `path` for an existing ServiceAccount, with a token that is good for a day, and resolves with
   * `path`.
   */
  serviceAccountKubeconfig: (namespace: string, name: string, path: string) => Promise<string>;
  /** Ends what was started: all processes are gone when it resolves. A cluster that ran already is left alone. */
  stop: () => Promise<void>;
}

/** Starts a control plane, or takes the one that is named. Rejects with a sentence that says what is missing. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const signal = options.signal ?? new AbortController().signal;
  const dir = resolve(options.dir);
  const running = await startSource({ ...options, dir, signal });
  const interrupt = () => running.stop().catch((error: Error) => options.log(error.message));
  signal.addEventListener('abort', interrupt, { once: true });
  return describe(running, dir);
}

async function startSource(options: ControlPlaneOptions & { signal: AbortSignal }): Promise<Running> {
  const { dir, env, log, signal, apiServerArgs = [] } = options;
  const source = chooseSource(options);
  if (apiServerArgs.length > 0 && (source.from === 'kubeconfig' || source.from === 'kind')) {
    throw new Error(`${apiServerArgs.join(' ')}: the API server of this cluster is not ours to start.`);
  }
  const local = { dir, apiServerArgs, log, signal };
  switch (source.from) {
    case 'kubeconfig':
      return { kubeconfig: source.path, stop: async () => {} };
    case 'assets':
      return startLocal({ ...local, programs: resolve(source.folder), guarded: true });
    case 'kind':
      return startKind(dir, { env, log, signal });
    case 'build':
      return startLocal({ ...local, programs: await buildControlPlane({ env, log, signal }), guarded: false });
  }
}

async function describe({ kubeconfig, stop }: Running, dir: string): Promise<ControlPlane> {
  const { config, cluster } = readKubeconfig(kubeconfig);
  const authenticationFile = join(dir, files.authentication);
  let { caFile } = cluster;
  if (cluster.caData) {
    caFile = join(dir, 'cluster-ca.crt');
    // Whole at any instant: test files that share a control plane each write the same.
    await writeFile(`${caFile}.${process.pid}`, Buffer.from(cluster.caData, 'base64'));
    await rename(`${caFile}.${process.pid}`, caFile);
  }
  return {
    kubeconfig,
    url: cluster.server,
    caFile,
    adminToken: config.getCurrentUser()?.token,
    authenticationFile: existsSync(authenticationFile) ? authenticationFile : undefined,
    serviceAccountKubeconfig: (namespace, name, path) =>
      writeServiceAccountKubeconfig(kubeconfig, namespace, name, path),
    stop,
  };
}
