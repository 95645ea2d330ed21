import { isDeepStrictEqual } from 'node:util';
import { type ConsoleSession, consoleSessions, type VirtualMachine, type VmPolicy } from '#api/kinds.ts';
import { consoleLimits } from '#api/vm-policy.ts';
import type { KubeClient } from '#kube/client.ts';
import type { Outcome, ReconcileContext } from '#kube/controller.ts';
import { isConflict, isNotFound } from '#kube/errors.ts';
import { formatKey, keyOf, parseKey } from '#kube/resource.ts';
import type { Store } from '#kube/store.ts';
import { decideSession, isOpen } from '../core/console/session.ts';
import { fieldManager } from '../effects/status-writer.ts';

/** What the controller of ConsoleSessions works with. */
export interface SessionControllerParts {
  kube: KubeClient;
  /** Indexed by `requester`. */
  sessions: Store<ConsoleSession>;
  machines: Store<VirtualMachine>;
  policies: Store<VmPolicy>;
  /** Where the console-proxy is reached; undefined where there is none. */
  consoleUrl: string | undefined;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Makes the reconcile of a ConsoleSession: say where it can be opened and until when, and remove it a while after its
 * end. Read live, since the console-proxy writes into the same status. Only one runs at a time: each counts the others.
 */
export function sessionReconciler({ kube, sessions, machines, policies, consoleUrl, now }: SessionControllerParts) {
  /** Who was let in and is not in the store yet. */
  const letIn = new Map<string, ConsoleSession>();
  return async (key: string, { signal }: ReconcileContext): Promise<Outcome> => {
    const session = await readSession(kube, key, signal);
    if (!session || session.metadata.deletionTimestamp) {
      letIn.delete(key);
      return { kind: 'done' };
    }
    const { namespace = '', name, uid, resourceVersion } = session.metadata;
    const decision = decideSession({
      session,
      vm: machines.get(formatKey({ namespace, name: session.spec.vmName })),
      limits: consoleLimits.parse(policies.get('default')?.spec.console ?? {}),
      consoleUrl,
      others: othersOf(session).length,
      now: now(),
    });
    if (decision.remove) {
      await kube.remove(consoleSessions, { namespace, name }, { ...(uid !== undefined && { uid }), signal });
      return { kind: 'done' };
    }
    if (decision.status && !isDeepStrictEqual(decision.status, session.status)) {
      try {
        const metadata = { namespace, name, ...(resourceVersion !== undefined && { resourceVersion }) };
        const object = { metadata, status: decision.status };
        const written = await kube.applyStatus<ConsoleSession>(consoleSessions, object, {
          fieldManager,
          force: true,
          signal,
        });
        if (isOpen(written)) letIn.set(key, written);
      } catch (error) {
        if (!isConflict(error) && !isNotFound(error)) throw error;
        return { kind: 'retry', reason: 'the console-proxy wrote at the same time' };
      }
    }
    if (decision.againAt === undefined) return { kind: 'done' };
    return { kind: 'again', afterMs: Math.max(0, decision.againAt - now()) + 50, reason: 'the session ends' };
  };

  /** The other sessions of the same person that are open, whether the store knows of it yet or not. */
  function othersOf({ metadata, spec }: ConsoleSession): ConsoleSession[] {
    for (const [
      key,
      {
        metadata: { resourceVersion = '' },
      },
    ] of letIn) {
      if (sessions.hasSeen(resourceVersion)) letIn.delete(key);
    }
    const open = new Map(
      sessions
        .byIndex('requester', spec.requester)
        .filter(isOpen)
        .map(each => [keyOf(each), each]),
    );
    for (const [key, written] of letIn) if (written.spec.requester === spec.requester) open.set(key, written);
    open.delete(keyOf({ metadata }));
    return [...open.values()];
  }
}

async function readSession(kube: KubeClient, key: string, signal: AbortSignal): Promise<ConsoleSession | undefined> {
  try {
    return await kube.get<ConsoleSession>(consoleSessions, parseKey(key), { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
