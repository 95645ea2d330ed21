import type { ConsoleSessionStatus } from '#api/console-session.ts';
import {
  type ConsoleSession,
  consoleSessions,
  type VirtualMachine,
  type VmPolicy,
  virtualMachines,
  vmPolicies,
} from '#api/kinds.ts';
import { consoleLimits } from '#api/vm-policy.ts';
import type { KubeClient } from '#kube/client.ts';
import { isConflict, isNotFound } from '#kube/errors.ts';
import type { KubeObject, ObjectKey, ResourceType } from '#kube/resource.ts';

/** Where a session is. */
export interface SessionKey {
  namespace: string;
  name: string;
}

/** How often a write is tried again because somebody wrote in between: the operator, or another console-proxy. */
const mostConflicts = 8;

/** The session as it is now, or undefined. Rejects with KubeError. */
export const readSession = (kube: KubeClient, key: SessionKey): Promise<ConsoleSession | undefined> =>
  readIfThere<ConsoleSession>(kube, consoleSessions, key);

/** The machine of a session as it is now; undefined where it is gone or another one has its name. */
export async function readMachine(kube: KubeClient, session: ConsoleSession): Promise<VirtualMachine | undefined> {
  const { namespace = '' } = session.metadata;
  const vm = await readIfThere<VirtualMachine>(kube, virtualMachines, { namespace, name: session.spec.vmName });
  const isSame = vm?.metadata.uid === session.status?.vmUID && !vm?.metadata.deletionTimestamp;
  return isSame ? vm : undefined;
}

/** The limits that hold now. */
export async function readLimits(kube: KubeClient): Promise<ReturnType<typeof consoleLimits.parse>> {
  const policy = await readIfThere<VmPolicy>(kube, vmPolicies, { name: 'default' });
  return consoleLimits.parse(policy?.spec.console ?? {});
}

/**
 * Changes a status by compare-and-swap: `change` gets the session as it is now, and answers the status that it is to
 * have, or undefined where there is nothing to change. Answers the session as it was written; undefined where it was
 * not. Rejects with KubeError.
 */
export async function changeStatus(
  kube: KubeClient,
  { metadata: { namespace = '', name, uid } }: ConsoleSession,
  change: (session: ConsoleSession) => ConsoleSessionStatus | undefined,
): Promise<ConsoleSession | undefined> {
  for (let conflicts = 0; ; conflicts++) {
    const session = await readSession(kube, { namespace, name });
    const status = session?.metadata.uid === uid ? session && change(session) : undefined;
    if (!session || !status) return undefined;
    try {
      return await kube.replaceStatus<ConsoleSession>(consoleSessions, { ...session, status });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      if (!isConflict(error) || conflicts >= mostConflicts) throw error;
    }
  }
}

async function readIfThere<T extends KubeObject>(
  kube: KubeClient,
  type: ResourceType,
  key: ObjectKey,
): Promise<T | undefined> {
  try {
    return await kube.get<T>(type, key);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
