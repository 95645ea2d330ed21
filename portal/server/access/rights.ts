import type { MachineRights, Role, TenantRights } from '#portal/api.ts';
import type { Person } from './person.ts';
import type { Question, Reviews } from './reviews.ts';

const tenantQuestions: Record<keyof TenantRights, Question> = {
  create: { verb: 'create', resource: 'virtualmachines' },
  update: { verb: 'patch', resource: 'virtualmachines' },
  delete: { verb: 'delete', resource: 'virtualmachines' },
  console: { verb: 'get', resource: 'virtualmachines/console' },
  restart: { verb: 'update', resource: 'virtualmachines/restart' },
};

const machineQuestions: Record<keyof MachineRights, Question> = {
  update: tenantQuestions.update,
  delete: tenantQuestions.delete,
  console: tenantQuestions.console,
  restart: tenantQuestions.restart,
  reset: { verb: 'update', resource: 'virtualmachines/reset' },
  snapshot: { verb: 'update', resource: 'virtualmachines/snapshot' },
  rollback: { verb: 'update', resource: 'virtualmachines/rollback' },
  metrics: { verb: 'get', resource: 'virtualmachines/metrics' },
};

async function answers<Name extends string>(
  reviews: Reviews,
  person: Person,
  questions: Record<Name, Question>,
  place: { namespace?: string; name?: string },
): Promise<Record<Name, boolean>> {
  const entries = Object.entries<Question>(questions).map(
    async ([key, question]) => [key, await reviews.allowed(person, { ...question, ...place })] as const,
  );
  return Object.fromEntries(await Promise.all(entries)) as Record<Name, boolean>;
}

/** What a person may do in each of some namespaces: administrators are asked about all at once. */
export async function tenantRightsOf(
  reviews: Reviews,
  person: Person,
  namespaces: readonly string[],
): Promise<Map<string, TenantRights>> {
  const everywhere = await answers(reviews, person, tenantQuestions, {});
  const isEverywhere = Object.values(everywhere).every(Boolean);
  const rights = namespaces.map(
    async namespace =>
      [namespace, isEverywhere ? everywhere : await answers(reviews, person, tenantQuestions, { namespace })] as const,
  );
  return new Map(await Promise.all(rights));
}

/** What a person may do with one machine. */
export const machineRightsOf = (
  reviews: Reviews,
  person: Person,
  { namespace = '', name }: { namespace?: string; name: string },
): Promise<MachineRights> => answers(reviews, person, machineQuestions, { namespace, name });

/**
 * A person's role, in the one word that pages show: who may change how Proxmox is reached is an administrator, who may
 * make machines somewhere an employee, and everybody else a viewer. Rights are in Kubernetes alone.
 */
export async function roleOf(reviews: Reviews, person: Person, rights: Iterable<TenantRights>): Promise<Role> {
  if (await reviews.allowed(person, { verb: 'update', resource: 'proxmoxclusters' })) return 'Admin';
  return [...rights].some(({ create }) => create) ? 'Employee' : 'Viewer';
}
