import { isDeepStrictEqual } from 'node:util';
import { type VirtualMachine, type VmQuota, virtualMachines } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';
import type { Outcome, ReconcileContext } from '#kube/controller.ts';
import { formatKey } from '#kube/resource.ts';
import type { Store } from '#kube/store.ts';
import { sumOf } from '../core/quota/amounts.ts';
import { keepingOf, seedOf, type Taken } from '../core/quota/keeping.ts';
import { collect } from '../core/quota/ledger.ts';
import type { QuotaGate } from '../effects/quota-gate.ts';
import { mirror } from '../effects/resource-quota.ts';
import { StaleEntries, searchMachine } from '../effects/stale-entries.ts';

/** What the controller of VmQuotas works with. */
export interface QuotaControllerParts {
  kube: KubeClient;
  gate: QuotaGate;
  quotas: Store<VmQuota>;
  /** Indexed by `namespace`. */
  machines: Store<VirtualMachine>;
  /** Whether `hard.vms` is mirrored to a native ResourceQuota. */
  mirrors: boolean;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Makes the reconcile of a VmQuota: seed its ledger, clear up what nobody needs, tell who waits, mirror it. It grants
 * nothing.
 */
export function quotaReconciler(parts: QuotaControllerParts) {
  const stale = new StaleEntries(parts.now);
  const mirrored = new Map<string, string>();
  return async (key: string, { log }: ReconcileContext): Promise<Outcome> => {
    const quota = parts.quotas.get(key);
    if (!quota || quota.metadata.deletionTimestamp) {
      mirrored.delete(key);
      return { kind: 'done' };
    }
    const version = `${quota.metadata.uid} ${quota.spec.hard.vms}`;
    if (parts.mirrors && mirrored.get(key) !== version) {
      await mirror(parts.kube, quota);
      mirrored.set(key, version);
    }
    if (quota.status?.allocations === undefined) {
      const count = await seedLedger(parts, quota);
      log.info({ quota: key, machines: count }, 'the quota is in force');
      return { kind: 'done' };
    }
    await tell(parts, quota);
    return clearUp(parts, quota, stale);
  };
}

const namespaceOf = ({ metadata }: VmQuota | VirtualMachine): string => metadata.namespace ?? '';

/** Enters the machines that are there already; until then nothing is granted. */
async function seedLedger({ kube, gate }: QuotaControllerParts, quota: VmQuota): Promise<number> {
  const namespace = namespaceOf(quota);
  // A live list: the store may not know of a VMID yet that was just claimed.
  const { items } = await kube.list<VirtualMachine>(virtualMachines, { namespace });
  const entries = seedOf(items, ({ metadata }) => metadata.name);
  await gate.quota(namespace).change((present, ledger) => ({
    ...(present && ledger === undefined && { ledger: entries }),
    answer: undefined,
  }));
  return entries.length;
}

async function tell({ gate, machines, now }: QuotaControllerParts, quota: VmQuota): Promise<void> {
  const ofNamespace = machines.byIndex('namespace', namespaceOf(quota));
  const told = (known: VmQuota, taken: Taken) => {
    const status = keepingOf(known, taken, ofNamespace, now());
    const before = { ...status, ...known.status };
    return isDeepStrictEqual({ ...before, ...status }, before) ? undefined : status;
  };
  const { allocations: lines = [], used = {} } = quota.status ?? {};
  if (!told(quota, { entries: lines.length, used })) return;
  await gate.quota(namespaceOf(quota)).change((known, ledger = []) => {
    const status = known && told(known, { entries: ledger.length, used: sumOf(ledger) });
    return { ...(status && { status }), answer: undefined };
  });
}

async function clearUp({ kube, gate, machines }: QuotaControllerParts, quota: VmQuota, stale: StaleEntries) {
  const namespace = namespaceOf(quota);
  const isKnown = (name: string) => machines.get(formatKey({ namespace, name })) !== undefined;
  const { due, nextMs } = stale.due(namespace, quota.status?.allocations ?? [], isKnown);
  for (const entry of due) {
    const found = await searchMachine(kube, formatKey({ namespace, name: entry.name }));
    await gate.quota(namespace).change((_, ledger) => ({
      ledger: ledger && collect(ledger, entry, found),
      answer: undefined,
    }));
  }
  if (nextMs === undefined) return { kind: 'done' } as const;
  return { kind: 'again', afterMs: nextMs + 1_000, reason: 'entries that nobody may need' } as const;
}
