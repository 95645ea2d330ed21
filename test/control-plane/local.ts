import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { writeCredentials } from './credentials.ts';
import { apiServerFlags, controllerManagerFlags, etcdFlags, files } from './flags.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { freePort } from './port.ts';
import { isExecutable } from './programs.ts';
import { type GroupOptions, ServerGroup } from './server-group.ts';

/** Which servers to run, and where. The folder of programs has etcd, kube-apiserver, perhaps kube-controller-manager. */
export interface LocalOptions extends GroupOptions {
  apiServerArgs: readonly string[];
  /** Gives the API server's port; a free one where it is not given. */
  pickPort?: () => Promise<number>;
  log: (line: string) => void;
  signal: AbortSignal;
}

/** A cluster that was started, by the kubeconfig of its administrator. */
export interface Running {
  kubeconfig: string;
  stop: () => Promise<void>;
}

const PORT_ATTEMPTS = 5;
// It takes three seconds on two idle cores; these may be busy with compiling something else.
const START_MS = 300_000;
const CONNECT_MS = 2_000;

/** Starts the servers and resolves when they are ready. Rejects with the end of a server's log and leaves none behind. */
export async function startLocal(options: LocalOptions): Promise<Running> {
  const deadline = AbortSignal.timeout(START_MS);
  const group = new ServerGroup(options);
  try {
    const kubeconfig = await startServers(group, { ...options, signal: AbortSignal.any([options.signal, deadline]) });
    group.reportEnds(options.log);
    return { kubeconfig, stop: () => group.stop() };
  } catch (error) {
    await group.stop();
    if (!deadline.aborted || options.signal.aborted) throw error;
    throw new Error(`The control plane is not ready after ${START_MS / 1000} s; its logs are in ${options.dir}`);
  }
}

async function startServers(group: ServerGroup, options: LocalOptions): Promise<string> {
  const { dir, programs, log, signal } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const { ca, adminToken } = await writeCredentials(dir);
  // Whoever took our port may let a connection hang.
  const api = new Agent({ connect: { ca, timeout: CONNECT_MS } });
  try {
    group.start('etcd', etcdFlags());
    const server = await startApiServer(group, options, url => exists(api, `${url}/readyz`, adminToken));
    const kubeconfig = join(dir, files.kubeconfig);
    const cluster = { name: 'berth', server, caData: Buffer.from(ca).toString('base64'), skipTLSVerify: false };
    await writeKubeconfig(kubeconfig, { cluster, user: 'admin', token: adminToken });
    if (await isExecutable(join(programs, 'kube-controller-manager'))) {
      group.start('kube-controller-manager', controllerManagerFlags());
      const firstFruit = `${server}/api/v1/namespaces/default/serviceaccounts/default`;
      await group.waitUntil(() => exists(api, firstFruit, adminToken), signal);
    } else {
      log(`There is no kube-controller-manager in ${programs}: namespaces that are deleted will not go away.`);
    }
    return kubeconfig;
  } finally {
    await api.destroy();
  }
}

/** Resolves with the URL of an API server that is ready. Another process may be faster to take its port: then again. */
async function startApiServer(
  group: ServerGroup,
  { apiServerArgs, signal, pickPort = freePort }: LocalOptions,
  isReady: (url: string) => Promise<boolean>,
): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const port = await pickPort();
    const url = `https://127.0.0.1:${port}`;
    const server = group.start('kube-apiserver', [...apiServerFlags(port), ...apiServerArgs]);
    try {
      await group.waitUntil(() => isReady(url), signal);
      return url;
    } catch (error) {
      await group.remove(server);
      const taken = (error as Error).message.includes('address already in use');
      if (!taken || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/** True for 200; false for any other answer, and for none, as long as the server does not listen yet. */
async function exists(api: Agent, url: string, token: string): Promise<boolean> {
  const headers = { authorization: `Bearer ${token}` };
  try {
    const { statusCode, body } = await request(url, { dispatcher: api, headers });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}
