import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '#kube/resource.ts';
import { run } from '../control-plane/command.ts';
import { toolPath } from '../tools/tools.ts';

/** The repository's chart. */
export const chart = 'charts/berth';

/** Values of the chart, as far as they differ from its own; the first of them is the one that has no default. */
export const smallest = { image: { repository: 'registry.example/berth' } };

/** The same with the portal, and what of it has no default. */
export const withPortal = {
  ...smallest,
  portal: {
    enabled: true,
    publicUrl: 'https://portal.example',
    oidc: { issuer: 'https://issuer.example', clientId: 'berth' },
    sessions: { secret: 'berth-portal-sessions' },
  },
};

/** The real helm. Its arguments; resolves with what it printed, rejects with what it complained of. */
export type Helm = (...args: string[]) => Promise<string>;

/** Finds helm, building it the first time, which may take minutes. With a kubeconfig it works on that cluster. */
export async function findHelm(kubeconfig?: string): Promise<Helm> {
  const { signal } = new AbortController();
  const file = await toolPath('helm', { env: process.env, log: console.error, signal });
  const env = { ...process.env, ...(kubeconfig && { KUBECONFIG: kubeconfig }) };
  return (...args) => run({ file, args, env, signal });
}

/** Renders the chart with values, as helm would install it. */
export async function render(helm: Helm, values: object, ...args: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-chart-'));
  try {
    const file = join(folder, 'values.json');
    await writeFile(file, JSON.stringify(values));
    return await helm('template', 'berth', chart, '--namespace', 'berth-system', '--values', file, ...args);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The objects of a YAML text. */
export const objectsOf = (text: string): KubeObject[] =>
  parseAllDocuments(text).flatMap(document => {
    const object = document.toJS() as KubeObject | null;
    return object ? [object] : [];
  });
