import { type VirtualMachine, type VmPolicy, virtualMachines } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';
import type { Outcome, ReconcileContext } from '#kube/controller.ts';
import { keyOf } from '#kube/resource.ts';
import type { Store } from '#kube/store.ts';
import { withConditions } from '../core/conditions.ts';
import { seedOf } from '../core/quota/keeping.ts';
import { collect } from '../core/quota/ledger.ts';
import type { QuotaGate } from '../effects/quota-gate.ts';
import { patienceMs, StaleEntries, searchMachine } from '../effects/stale-entries.ts';

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
    if (policy.spec.perUser && policy.status?.allocations === undefined) await seedLedger(parts, log);
    if (policy.status?.observedGeneration !== policy.metadata.generation) await tell(parts);
    return policy.spec.perUser ? clearUp(parts, policy, stale) : { kind: 'done' };
  };
}

async function seedLedger({ kube, gate }: PolicyControllerParts, log: ReconcileContext['log']): Promise<void> {
  const { items } = await kube.list<VirtualMachine>(virtualMachines);
  const entries = seedOf(items, keyOf);
  await gate.policy.change((present, ledger) => ({
    ...(present && ledger === undefined && { ledger: entries }),
    answer: undefined,
  }));
  log.info({ machines: entries.length }, 'the limits across namespaces are in force');
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

async function clearUp({ kube, gate, machines }: PolicyControllerParts, policy: VmPolicy, stale: StaleEntries) {
  const isKnown = (name: string) => machines.get(name) !== undefined;
  const { due, waiting } = stale.due('', policy.status?.allocations ?? [], isKnown);
  for (const entry of due) {
    const found = await searchMachine(kube, entry.name);
    await gate.policy.change((_, ledger) => ({
      ledger: ledger && collect(ledger, entry, found),
      answer: undefined,
    }));
  }
  if (!waiting) return { kind: 'done' } as const;
  return { kind: 'again', afterMs: patienceMs + 1_000, reason: 'entries that nobody has bound yet' } as const;
}
