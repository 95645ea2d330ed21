import { z } from 'zod';
import { type ConsoleSession, type ProxmoxCluster, proxmoxClusters, type VirtualMachine } from '#api/kinds.ts';
import { secrets } from '#kube/builtin.ts';
import type { KubeClient } from '#kube/client.ts';
import { isForbidden, isNotFound } from '#kube/errors.ts';
import type { KubeObject } from '#kube/resource.ts';
import { type ConsoleConnection, openConsole } from '#proxmox/console.ts';
import { ProxmoxError } from '#proxmox/errors.ts';
import { tokenOf } from '#proxmox/token-secret.ts';
import { Refusal } from './refusal.ts';

const data = z.record(z.string(), z.string());

/** Proxmox' console of a session's machine. */
export interface Upstream extends ConsoleConnection {
  /** Version of the cluster, as the operator last saw it. */
  version: string | undefined;
}

/** Opens Proxmox' console of a machine with the token for consoles. @throws Refusal, KubeError */
export async function openUpstream(kube: KubeClient, session: ConsoleSession, vm: VirtualMachine): Promise<Upstream> {
  const { cluster: name = '', node = '', vmid = 0 } = vm.status ?? {};
  const cluster = await kube.get<ProxmoxCluster>(proxmoxClusters, { name });
  const { endpoints, tls } = cluster.spec;
  const token = await readToken(kube, cluster);
  const kind = session.spec.type === 'Serial' ? 'terminal' : 'screen';
  try {
    const connection = await openConsole({ endpoints, tls, token: () => token }, { node, vmid, kind });
    return { ...connection, version: cluster.status?.version };
  } catch (error) {
    if (!(error instanceof ProxmoxError)) throw error;
    throw new Refusal(error.kind === 'missing' ? 'MachineStopped' : 'ProxmoxFailed', { cause: error });
  }
}

async function readToken(kube: KubeClient, { spec }: ProxmoxCluster): Promise<string> {
  if (!spec.consoleCredentialsSecretRef) throw new Refusal('NoCredentials');
  try {
    const secret = await kube.get<KubeObject & { data?: unknown }>(secrets, spec.consoleCredentialsSecretRef);
    const read = tokenOf(data.parse(secret.data ?? {}));
    if ('token' in read) return read.token;
    throw new Refusal('NoCredentials', { cause: new Error(`the Secret lacks ${read.wrongKeys}`) });
  } catch (error) {
    if (isNotFound(error) || isForbidden(error)) throw new Refusal('NoCredentials', { cause: error });
    throw error;
  }
}
