/** The names under which answers of the API are kept in the page. */
export const keys = {
  session: ['session'],
  version: ['version'],
  machines: ['machines'],
  quotas: ['quotas'],
  catalogue: ['catalogue'],
  isos: ['isos'],
  machine: (namespace: string, name: string) => ['machine', namespace, name],
  events: (namespace: string, name: string) => ['machine', namespace, name, 'events'],
  snapshots: (namespace: string, name: string) => ['snapshots', namespace, name],
  metrics: (namespace: string, name: string, range: string) => ['metrics', namespace, name, range],
} as const;
