import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { virtualMachines } from '#api/kinds.ts';
import { admissionPolicies, admissionPolicyBindings, configMaps, namespaces } from '#kube/builtin.ts';
import type { ApplyConfiguration, KubeClient } from '#kube/client.ts';
import { KubeError } from '#kube/errors.ts';
import type { ResourceType } from '#kube/resource.ts';

const owned = { fieldManager: 'canary', force: true };

/** kube-apiserver looks for new policies every second, and every 30 s for the kinds of their parameters. */
const patienceMs = 180_000;

const pauseMs = 100;

/**
 * Resolves once the API server heeds each policy that was applied before, with its parameters, and none that was deleted
 * before. It takes all of them up at once and in their order, so one that is made last tells of the others. That one,
 * and a tenant's namespace to try it in, are taken away again.
 */
export async function policiesHeeded(kube: KubeClient): Promise<void> {
  const name = `canary-${randomBytes(4).toString('hex')}`;
  await kube.apply(namespaces, { metadata: { name, labels: { 'berth.dev/tenant': name } } }, owned);
  await kube.apply(admissionPolicies, canary(name), owned);
  await kube.apply(
    admissionPolicyBindings,
    { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } },
    owned,
  );
  try {
    await untilHeeded(kube, name);
  } finally {
    await kube.remove(admissionPolicyBindings, { name });
    await kube.remove(admissionPolicies, { name });
    await kube.remove(namespaces, { name });
  }
}

async function untilHeeded(kube: KubeClient, namespace: string): Promise<void> {
  const metadata = { namespace, name: 'canary' };
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const ofCanary = await refusal(kube, configMaps, { metadata });
    const ofMachine = await refusal(kube, virtualMachines, { metadata, spec: machine });
    if (ofCanary.includes(heeded(namespace)) && !ofMachine.includes('failed to configure')) return;
    if (performance.now() > deadline) throw new Error(`The API server heeds no policies: ${ofCanary}, ${ofMachine}`);
    await sleep(pauseMs);
  }
}

/** Why the API server would not let something be created; '' where it would. */
async function refusal(kube: KubeClient, type: ResourceType, object: ApplyConfiguration): Promise<string> {
  try {
    await kube.apply(type, object, { ...owned, dryRun: true });
    return '';
  } catch (error) {
    if (error instanceof KubeError) return error.message;
    throw error;
  }
}

const machine = {
  source: { template: { name: 'none' } },
  resources: { cpu: 1, memory: '128Mi' },
  disks: [{ name: 'root', size: '1Gi' }],
};

/** What the canary says. */
const heeded = (name: string) => `${name} is heeded`;

const canary = (name: string): ApplyConfiguration => ({
  metadata: { name },
  spec: {
    matchConstraints: {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
      resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
    },
    validations: [{ expression: "object.metadata.name != 'canary'", message: heeded(name) }],
  },
});
