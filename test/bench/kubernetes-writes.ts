import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import type { ControlPlane } from '#test/control-plane/control-plane.ts';
import { samplesOf } from './prometheus.ts';

const writingVerbs = new Set(['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE']);

/** The groups that Berth writes to all the time; Leases, which are left out, have another one. */
const groups = new Set(['berth.dev', 'events.k8s.io']);

/** How often each kind of write was made, for example `APPLY virtualmachines/status`. */
export type Writes = Record<string, number>;

/** Counts what was written to the API server, by whomever, as it says itself. */
export async function kubernetesWriteCounter({
  url,
  caFile,
  adminToken,
}: ControlPlane): Promise<() => Promise<Writes>> {
  const dispatcher = new Agent({ connect: caFile ? { ca: await readFile(caFile, 'utf8') } : {} });
  const headers = { authorization: `Bearer ${adminToken}` };
  return async () => {
    const { statusCode, body } = await request(`${url}/metrics`, { dispatcher, headers });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`the API server's metrics: HTTP ${statusCode}`);
    const writes: Writes = {};
    for (const { labels, value } of samplesOf(text, ['apiserver_request_total'])) {
      if (!writingVerbs.has(labels.verb ?? '') || !groups.has(labels.group ?? '')) continue;
      const what = `${labels.verb} ${labels.resource}${labels.subresource && `/${labels.subresource}`}`;
      writes[what] = (writes[what] ?? 0) + value;
    }
    return writes;
  };
}

/** What came since. */
export function since(before: Writes, after: Writes): Writes {
  const differences = Object.entries(after).map(([what, count]) => [what, count - (before[what] ?? 0)] as const);
  return Object.fromEntries(differences.filter(([, count]) => count > 0));
}

/** The number of all writes. */
export const total = (writes: Writes): number => Object.values(writes).reduce((sum, count) => sum + count, 0);
