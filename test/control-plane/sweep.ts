import { KubeConfig } from '@kubernetes/client-node';
import * as berth from '#api/kinds.ts';
import { createKubeClient, type KubeClient } from '#kube/client.ts';
import { connect } from '#kube/connection.ts';
import { isNotFound } from '#kube/errors.ts';
import type { ResourceType } from '#kube/resource.ts';
import { eventually } from '../eventually.ts';
import type { ControlPlane } from './control-plane.ts';

const types: readonly ResourceType[] = [
  berth.consoleSessions,
  berth.vmOperations,
  berth.vmSnapshots,
  berth.virtualMachines,
  berth.vmQuotas,
  berth.vmPolicies,
  berth.vmTemplates,
  berth.proxmoxClusters,
];

/**
 * Takes away every resource of Berth, whatever holds it: the operator of one test file would make the machines that
 * another one left, and count them. Nobody else's cluster is touched.
 */
export async function sweep({ kubeconfig, authenticationFile }: ControlPlane): Promise<void> {
  if (authenticationFile === undefined) return;
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const connection = connect(config, { requestTimeoutMs: 60_000 });
  const kube = createKubeClient(connection);
  try {
    await eventually(async () => {
      const left = await Promise.all(types.map(type => takeAway(kube, type)));
      if (left.some(count => count > 0)) throw new Error('test files before this one left resources that do not go');
    });
  } finally {
    await connection.close();
  }
}

/** Removes all of a type; answers how many there were. */
async function takeAway(kube: KubeClient, type: ResourceType): Promise<number> {
  const { items } = await kube.list(type).catch(unlessGone({ items: [] }));
  for (const { metadata } of items) {
    await kube.remove(type, metadata).catch(unlessGone(undefined));
    if (!metadata.finalizers?.length) continue;
    await kube.patch(type, metadata, { metadata: { finalizers: null } }).catch(unlessGone(undefined));
  }
  return items.length;
}

/** A kind that is not installed yet has no resources. */
const unlessGone =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (isNotFound(error)) return instead;
    throw error;
  };
