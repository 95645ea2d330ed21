import { createHash } from 'node:crypto';
import { z } from 'zod';
import { consoleSessions } from '#api/kinds.ts';
import { isForbidden, isNotFound } from '#kube/errors.ts';
import type { Requests } from '#kube/headers.ts';
import { collectionPath, objectPath } from '#kube/resource.ts';

/** Tells the ConsoleSessions that were asked for in one session of the portal from all others. */
const sessionLabel = 'berth.dev/portal-session';

const list = z.object({
  items: z.array(z.object({ metadata: z.object({ namespace: z.string(), name: z.string() }) })),
});

/** Labels of a ConsoleSession that is asked for in a session of the portal: its hash, since its id is in sealed cookies only. */
export const consoleLabels = (sessionId: string): Record<string, string> => ({
  [sessionLabel]: createHash('sha256').update(`berth console\0${sessionId}`).digest('hex').slice(0, 32),
});

/**
 * Ends the consoles that were opened in a session of the portal, as the person: whatever the replica, since Kubernetes
 * knows them. `namespaces` is where to look for those who may not look everywhere at once. Rejects with KubeError.
 */
export async function endConsoles(
  requests: Requests,
  sessionId: string,
  namespaces: () => Promise<readonly string[]>,
): Promise<void> {
  const find = async (namespace?: string) => {
    const [label] = Object.entries(consoleLabels(sessionId)).map(entry => entry.join('='));
    const path = collectionPath(consoleSessions, namespace);
    try {
      return list.parse(await requests.request({ method: 'GET', path, query: { labelSelector: label } })).items;
    } catch (error) {
      if (isForbidden(error)) return undefined;
      throw error;
    }
  };
  const found =
    (await find()) ??
    (await Promise.all((await namespaces()).map(async namespace => (await find(namespace)) ?? []))).flat();
  await Promise.all(
    found.map(async ({ metadata }) => {
      try {
        await requests.request({ method: 'DELETE', path: objectPath(consoleSessions, metadata) });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }),
  );
}
