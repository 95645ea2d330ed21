import { KubeConfig } from '@kubernetes/client-node';
import { createKubeClient, type KubeClient } from '#kube/client.ts';
import { connect } from '#kube/connection.ts';
import { run } from '../control-plane/command.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { kubectlPath } from '../control-plane/programs.ts';
import { sharedControlPlane } from '../control-plane/shared.ts';

/** The shared control plane with Berth's CRDs and RBAC in it. */
export interface Installed {
  controlPlane: ControlPlane;
  /** As the administrator. */
  kube: KubeClient;
  /** Runs kubectl as the administrator; resolves with what it printed, rejects with what it complained of. */
  kubectl: (...args: string[]) => Promise<string>;
}

/** Installs what `kubectl apply -f crds/` installs, and the operator's RBAC. */
export async function installed(): Promise<Installed> {
  const controlPlane = await sharedControlPlane();
  const { signal } = new AbortController();
  const context = { env: process.env, log: console.error, signal };
  const file = await kubectlPath(context);
  const kubectl = (...args: string[]) =>
    run({ file, args: ['--kubeconfig', controlPlane.kubeconfig, ...args], env: process.env, signal });
  await kubectl('apply', '-f', 'crds/');
  await kubectl('wait', '--for=condition=Established', '--timeout=120s', '-f', 'crds/');
  await kubectl('apply', '-f', 'charts/berth/rbac/namespace.yaml', '-f', 'charts/berth/rbac/operator.yaml');
  return {
    controlPlane,
    kubectl,
    kube: createKubeClient(connect(loadConfig(controlPlane.kubeconfig), { requestTimeoutMs: 60_000 })),
  };
}

function loadConfig(path: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(path);
  return config;
}
