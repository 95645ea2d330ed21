import { isDeepStrictEqual } from 'node:util';
import { type VirtualMachine, type VmQuota, type VmSnapshot, virtualMachines, vmSnapshots } from '#api/kinds.ts';
import { snapshotEntryName } from '#api/ledger.ts';
import type { KubeClient } from '#kube/client.ts';
import type { Outcome, ReconcileContext } from '#kube/controller.ts';
import { formatKey } from '#kube/resource.ts';
import type { Store } from '#kube/store.ts';
import { sumOf } from '../core/quota/amounts.ts';
import { keepingOf, seedOf, snapshotSeedOf, type Taken } from '../core/quota/keeping.ts';
import { collect, machinesIn } from '../core/quota/ledger.ts';
import { placesToAsk } from '../core/quota/pending.ts';
import type { QuotaGate } from '../effects/quota-gate.ts';
import { mirror } from '../effects/resource-quota.ts';
import { StaleEntries, searchEntry } from '../effects/stale-entries.ts';

/** What the controller of VmQuotas works with. */
export interface QuotaControllerParts {
  kube: KubeClient;
  gate: QuotaGate;
  quotas: Store<VmQuota>;
  /** Indexed by `namespace`. */
  machines: Store<VirtualMachine>;
  snapshots: Store<VmSnapshot>;
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
    const beside = placesToAsk(parts.machines.byIndex('namespace', namespaceOf(quota)));
    const version = `${quota.metadata.uid} ${quota.spec.hard.vms} ${beside}`;
    if (parts.mirrors && mirrored.get(key) !== version) {
      await mirror(parts.kube, quota, beside);
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
  const taken = await kube.list<VmSnapshot>(vmSnapshots, { namespace });
  const entries = [...seedOf(items, ({ metadata }) => metadata.name), ...snapshotSeedOf(taken.items)];
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
    const status = known && told(known, { entries: machinesIn(ledger).length, used: sumOf(ledger) });
    return { ...(status && { status }), answer: undefined };
  });
}

async function clearUp({ kube, gate, machines, snapshots }: QuotaControllerParts, quota: VmQuota, stale: StaleEntries) {
  const namespace = namespaceOf(quota);
  const { allocations = [], snapshots: taken = [] } = quota.status ?? {};
  const keyFor = (name: string) => formatKey({ namespace, name });
  const hasMachine = (name: string) => machines.get(keyFor(name)) !== undefined;
  const hasSnapshot = (name: string) => snapshots.get(keyFor(name.replace(snapshotEntryName(''), ''))) !== undefined;
  const doubts = [
    stale.due(namespace, allocations, hasMachine),
    stale.due(`${namespace} snapshots`, taken, hasSnapshot),
  ];
  for (const entry of doubts.flatMap(({ due }) => due)) {
    const found = await searchEntry(kube, namespace, entry);
    await gate.quota(namespace).change((_, ledger) => ({
      ledger: ledger && collect(ledger, entry, found),
      answer: undefined,
    }));
  }
  const waiting = doubts.flatMap(({ nextMs }) => nextMs ?? []);
  if (waiting.length === 0) return { kind: 'done' } as const;
  return { kind: 'again', afterMs: Math.min(...waiting) + 1_000, reason: 'entries that nobody may need' } as const;
}
