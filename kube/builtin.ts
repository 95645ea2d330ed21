import type { ResourceType } from './resource.ts';

const core = (plural: string, kind: string, namespaced: boolean): ResourceType => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});

/** The API group of roles and their bindings. */
export const rbacGroup = 'rbac.authorization.k8s.io';

/** Namespaces. */
export const namespaces = core('namespaces', 'Namespace', false);

/** Configuration that is no secret. */
export const configMaps = core('configmaps', 'ConfigMap', true);

/** Secrets. */
export const secrets = core('secrets', 'Secret', true);

/** Pods. */
export const pods = core('pods', 'Pod', true);

/** Kubernetes' own quotas. */
export const resourceQuotas = core('resourcequotas', 'ResourceQuota', true);

/** Who has which role in a namespace. */
export const roleBindings: ResourceType = {
  group: rbacGroup,
  version: 'v1',
  plural: 'rolebindings',
  kind: 'RoleBinding',
  namespaced: true,
};

/** Who has which role everywhere. */
export const clusterRoleBindings: ResourceType = {
  ...roleBindings,
  plural: 'clusterrolebindings',
  kind: 'ClusterRoleBinding',
  namespaced: false,
};

/** How the API server is told of webhooks. */
export const webhookConfigurations: ResourceType = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural: 'validatingwebhookconfigurations',
  kind: 'ValidatingWebhookConfiguration',
  namespaced: false,
};

/** What the API server itself checks. */
export const admissionPolicies: ResourceType = {
  ...webhookConfigurations,
  plural: 'validatingadmissionpolicies',
  kind: 'ValidatingAdmissionPolicy',
};

/** Where it checks that. */
export const admissionPolicyBindings: ResourceType = {
  ...webhookConfigurations,
  plural: 'validatingadmissionpolicybindings',
  kind: 'ValidatingAdmissionPolicyBinding',
};
