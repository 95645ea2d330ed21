import { type ProxmoxCluster, proxmoxClusters, vmTemplates } from '#api/kinds.ts';
import { token } from '#cli/demo/proxmox.ts';
import { secrets } from '#kube/builtin.ts';
import type { KubeClient } from '#kube/client.ts';
import type { ProxmoxProcess } from './proxmox/process.ts';
import { firstVmid, nodes, templateVmid } from './proxmox/seed.ts';

/** Tells Kubernetes of the benchmark's Proxmox, which may run `tasks` at once, and of its templates. */
export async function connectBench(
  kube: KubeClient,
  { url, ca }: ProxmoxProcess,
  { vms, tasks }: { vms: number; tasks: number },
): Promise<void> {
  const credentials = { name: 'proxmox', namespace: 'berth-system' };
  await kube.create(secrets, Object.assign({ metadata: credentials }, { stringData: token }));
  const cluster: ProxmoxCluster = {
    metadata: { name: 'bench' },
    spec: {
      endpoints: [url],
      credentialsSecretRef: credentials,
      tls: { caBundle: ca },
      vmidRange: { start: firstVmid, end: firstVmid + 2 * vms + 1_000 },
      nodes: nodes.map(name => ({ name })),
      storages: [{ name: 'ceph', default: 'Enabled' }],
      default: 'Enabled',
      maxConcurrentTasks: tasks,
      maxClonesPerTemplate: tasks,
      pollSeconds: 5,
      sweepSeconds: 600,
    },
  };
  await kube.create(proxmoxClusters, cluster);
  for (const [index, node] of nodes.entries()) {
    await kube.create(vmTemplates, {
      metadata: { name: `template-${index}` },
      spec: {
        displayName: `Template ${index}`,
        osType: 'Linux',
        sources: [{ cluster: 'bench', vmid: { vmid: templateVmid(index), node } }],
      },
    });
  }
}
