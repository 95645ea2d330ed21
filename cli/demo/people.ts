import { clusterRoleBindings, rbacGroup, roleBindings } from '#kube/builtin.ts';
import type { KubeObject, ResourceType } from '#kube/resource.ts';

/** Somebody who can sign in to the demo. */
export interface DemoPerson {
  name: string;
  displayName: string;
  groups: readonly string[];
  /** What to tell of them. */
  what: string;
}

/** The password of all of them. */
export const demoPassword = 'demo';

/** Put before names and groups of the demo's identity provider, by the portal and by the API server. */
export const demoPrefix = 'oidc:';

/** Two employees of two teams, somebody who only looks, and an administrator. */
export const people: readonly DemoPerson[] = [
  { name: 'ada', displayName: 'Ada Lovelace', groups: ['team-a'], what: 'employee, team-a' },
  { name: 'grace', displayName: 'Grace Hopper', groups: ['team-b'], what: 'employee, team-b' },
  { name: 'vera', displayName: 'Vera Rubin', groups: ['team-a-viewers'], what: 'viewer, team-a' },
  { name: 'linus', displayName: 'Linus Admin', groups: ['berth-admins'], what: 'administrator' },
];

/** What the groups of the identity provider may do: the mapping that docs/portal.md describes. */
export function groupBindings(namespaces = { a: 'team-a', b: 'team-b' }): { type: ResourceType; object: KubeObject }[] {
  const binding = (namespace: string, name: string, role: string, group: string) => ({
    type: roleBindings,
    object: { metadata: { namespace, name }, ...grant(role, group) },
  });
  return [
    binding(namespaces.a, 'employees', 'berth-user', 'team-a'),
    binding(namespaces.a, 'viewers', 'berth-viewer', 'team-a-viewers'),
    binding(namespaces.b, 'employees', 'berth-user', 'team-b'),
    {
      type: clusterRoleBindings,
      object: { metadata: { name: 'berth-demo-admins' }, ...grant('berth-admin', 'berth-admins') },
    },
  ];
}

const grant = (role: string, group: string) => ({
  roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: role },
  subjects: [{ apiGroup: rbacGroup, kind: 'Group', name: `${demoPrefix}${group}` }],
});
