import type { VirtualMachine, VmPolicy } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';
import type { Outcome, ReconcileContext } from '#kube/controller.ts';
import type { Store } from '#kube/store.ts';
import { withConditions } from '../core/conditions.ts';
import type { QuotaGate } from '../effects/quota-gate.ts';
import { StaleEntries } from '../effects/stale-entries.ts';
import { clearUpWide, dropWide, seedWide } from '../effects/wide-upkeep.ts';

/** What the controller of the VmPolicy works with. */
export interface PolicyControllerParts {
  kube: KubeClient;
  gate: QuotaGate;
  policies: Store<VmPolicy>;
  machines: Store<VirtualMachine>;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Makes the reconcile of the VmPolicy: where people have limits across namespaces it keeps a ledger of their machines. */
export function policyReconciler(parts: PolicyControllerParts) {
  const stale = new StaleEntries(parts.now);
  return async (name: string, { log }: ReconcileContext): Promise<Outcome> => {
    const policy = parts.policies.get(name);
    if (!policy || policy.metadata.deletionTimestamp) return { kind: 'done' };
    const upkeep = { ...parts, stale, writer: parts.gate.policy };
    if (policy.spec.perUser && policy.status?.allocations === undefined) {
      const machines = await seedWide(upkeep, () => true);
      log.info({ machines }, 'the limits across namespaces are in force');
    }
    if (policy.status?.observedGeneration !== policy.metadata.generation) await tell(parts);
    if (policy.spec.perUser) return clearUpWide(upkeep, '', policy.status?.allocations ?? []);
    if (policy.status?.allocations) await dropWide(upkeep, ({ spec }) => spec.perUser !== undefined);
    return { kind: 'done' };
  };
}

async function tell({ gate, now }: PolicyControllerParts): Promise<void> {
  await gate.policy.change(policy => {
    if (!policy) return { answer: undefined };
    const { generation } = policy.metadata;
    const message = 'The policy is in force.';
    const ready = { type: 'Ready', status: 'True', reason: 'InForce', message } as const;
    const conditions = withConditions(policy.status?.conditions ?? [], [ready], [], generation, now());
    return {
      status: { conditions, ...(generation !== undefined && { observedGeneration: generation }) },
      answer: undefined,
    };
  });
}
