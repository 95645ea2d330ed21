import { dirname } from 'node:path';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { Agent, request } from 'undici';
import { inject } from 'vitest';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { sweep } from './sweep.ts';

let shared: Promise<ControlPlane> | undefined;

/**
 * The control plane that all test files of a run share; each works in namespaces of its own, and finds no resource of
 * Berth that the files before it have left. The first to ask may wait for minutes until it is compiled. Rejects with a
 * sentence where there can be none. Its `stop` does nothing.
 */
export function sharedControlPlane(): Promise<ControlPlane> {
  shared ??= askForIt().then(async controlPlane => {
    await sweep(controlPlane);
    return controlPlane;
  });
  return shared;
}

async function askForIt(): Promise<ControlPlane> {
  const patient = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  try {
    const { statusCode, body } = await request(inject('controlPlaneBroker'), { dispatcher: patient });
    const answer = await body.text();
    if (statusCode !== 200) throw new Error(answer);
    return await startControlPlane({ dir: dirname(answer), kubeconfig: answer, env: {}, log: console.error });
  } finally {
    await patient.destroy();
  }
}

/** Creates a namespace that no other test has, and resolves with its name: `prefix-` and five letters. */
export async function freshNamespace({ kubeconfig }: ControlPlane, prefix: string): Promise<string> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const body = { metadata: { generateName: `${prefix}-` } };
  const { metadata } = await config.makeApiClient(CoreV1Api).createNamespace({ body });
  if (!metadata?.name) throw new Error('The API server created a namespace without a name');
  return metadata.name;
}
