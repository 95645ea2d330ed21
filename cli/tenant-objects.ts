import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { vmQuotas } from '#api/kinds.ts';
import { vmQuotaSpec } from '#api/vm-quota.ts';
import { namespaces, rbacGroup, roleBindings } from '#kube/builtin.ts';
import { apiVersionOf, type KubeObject, type ResourceType } from '#kube/resource.ts';

/** Somebody who gets a role in a tenant. */
export interface Member {
  kind: 'User' | 'Group';
  name: string;
  /** Name of a ClusterRole of the chart. */
  role: string;
}

/** An object of a tenant, and where it goes. */
export interface TenantObject {
  type: ResourceType;
  object: KubeObject;
}

const roles = ['viewer', 'user', 'namespace-admin'];

/** Reads `alice`, `alice=viewer` or `group:interns=viewer`. Throws InvalidArgumentError. */
export function parseMember(text: string): Member {
  const [subject = '', role = 'user', ...rest] = text.split('=');
  if (rest.length > 0 || !roles.includes(role)) {
    throw new InvalidArgumentError(`"${text}": a role is one of ${roles.join(', ')}, as in alice=viewer.`);
  }
  const name = subject.replace(/^group:/, '');
  if (name === '') throw new InvalidArgumentError(`"${text}" names nobody.`);
  return { kind: subject.startsWith('group:') ? 'Group' : 'User', name, role: `berth-${role}` };
}

/** Reads `vms=10,cpu=40,memory=128Gi` as the limits of a VmQuota. Throws InvalidArgumentError, naming what is wrong. */
export function parseLimits(text: string): z.infer<typeof vmQuotaSpec>['hard'] {
  const entries = text.split(',').map(entry => {
    const [name = '', value = ''] = entry.split('=');
    return [name, /^\d+$/.test(value) ? Number(value) : value] as const;
  });
  const parsed = vmQuotaSpec.shape.hard.strict().safeParse(Object.fromEntries(entries));
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(z.prettifyError(parsed.error));
}

/** Everything that makes a tenant, in the order in which it is applied. */
export function tenantObjects(
  name: string,
  hard: z.infer<typeof vmQuotaSpec>['hard'],
  members: Member[],
): TenantObject[] {
  const namespace = { metadata: { name, labels: { 'berth.dev/tenant': name } } };
  const quota = { metadata: { namespace: name, name: 'default' }, spec: { hard } };
  const held = [...new Set(members.map(({ role }) => role))];
  const bindings = held.map(role => ({
    metadata: { namespace: name, name: role },
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: role },
    subjects: members
      .filter(member => member.role === role)
      .map(({ kind, name: subject }) => ({ apiGroup: rbacGroup, kind, name: subject })),
  }));
  return [
    { type: namespaces, object: namespace },
    { type: vmQuotas, object: quota },
    ...bindings.map(object => ({ type: roleBindings, object })),
  ].map(({ type, object }) => ({ type, object: { apiVersion: apiVersionOf(type), kind: type.kind, ...object } }));
}
