import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

const role = z.object({
  kind: z.literal('ClusterRole'),
  metadata: z.object({ name: z.string() }),
  rules: z.array(
    z.object({
      apiGroups: z.array(z.string()),
      resources: z.array(z.string()),
      resourceNames: z.array(z.string()).optional(),
      verbs: z.array(z.string()),
    }),
  ),
});

/** A role of the chart, as its file has it. */
export type Role = z.infer<typeof role>;

/** The roles that people are bound to, in the order of the file. */
export function readRoles(): Role[] {
  const text = readFileSync(new URL('../../charts/berth/rbac/roles.yaml', import.meta.url), 'utf8');
  return parseAllDocuments(text)
    .map(document => document.toJS() as unknown)
    .flatMap(document => role.safeParse(document).data ?? []);
}

/** Whether a role allows a verb on a resource of Berth's own group. */
export const allows = ({ rules }: Role, resource: string, verb: string): boolean =>
  rules.some(
    ({ apiGroups, resources, verbs }) =>
      apiGroups.includes('berth.dev') && resources.includes(resource) && verbs.includes(verb),
  );

/** Every resource and verb that any role speaks of, in the order in which they come up. */
export function subjectsOf(roles: Role[]): { resource: string; verbs: string[] }[] {
  const found = new Map<string, Set<string>>();
  for (const { apiGroups, resources, verbs } of roles.flatMap(({ rules }) => rules)) {
    if (!apiGroups.includes('berth.dev')) continue;
    for (const resource of resources) {
      const known = found.get(resource) ?? new Set();
      found.set(resource, new Set([...known, ...verbs]));
    }
  }
  return [...found].map(([resource, verbs]) => ({ resource, verbs: [...verbs] }));
}

/** The table of who may do what, in Markdown: a line for each resource, and the verbs of each role in it. */
export function rightsTable(): string {
  const roles = readRoles();
  const short = (verbs: string[]) =>
    verbs.join(', ').replace('get, list, watch', 'read').replace('create, update, patch, delete', 'write');
  const lines = subjectsOf(roles).map(({ resource, verbs }) => {
    const cells = roles.map(held => short(verbs.filter(verb => allows(held, resource, verb))) || '–');
    return `| \`${resource}\` | ${cells.join(' | ')} |`;
  });
  const names = roles.map(({ metadata }) => metadata.name);
  return [`| | ${names.join(' | ')} |`, `|---|${names.map(() => '---|').join('')}`, ...lines].join('\n');
}
