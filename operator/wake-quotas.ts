import type { VirtualMachine, VmPolicy, VmQuota, VmTemplate } from '#api/kinds.ts';
import { type Allocation, parseAllocation } from '#api/ledger.ts';
import { formatKey, keyOf } from '#kube/resource.ts';
import type { Store } from '#kube/store.ts';
import { dimensions, sumOf } from './core/quota/amounts.ts';
import { hasSurplus } from './core/quota/confirmed.ts';
import { byAge, waitsForRoom } from './core/quota/pending.ts';

/**
 * Which machines a change of a VmQuota concerns: those that wait, the oldest first, if there may be more room than
 * before; and those whose entry has changed and is larger than what they ask for.
 */
export function quotaConcerns(machines: Store<VirtualMachine>): (key: string, quota: VmQuota) => VirtualMachine[] {
  const before = new Map<string, VmQuota>();
  return (key, quota) => {
    const known = before.get(key);
    before.set(key, quota);
    const { namespace = '' } = quota.metadata;
    return [
      ...waiting(machines.byIndex('namespace', namespace), known, quota),
      ...changedEntries(known, quota).flatMap(entry => overcharged(machines, namespace, entry)),
    ];
  };
}

/** Which machines a change of the VmPolicy concerns: those that wait, if there may be more room than before. */
export function policyConcerns(machines: Store<VirtualMachine>): (policy: VmPolicy) => VirtualMachine[] {
  let before: VmPolicy | undefined;
  return policy => {
    const known = before;
    before = policy;
    return waiting(machines.list(), known, policy);
  };
}

/**
 * What a change of a VmTemplate concerns: whether Proxmox is to be looked at, which a ledger that machines come to and
 * go from is no reason for; and whether there may be more room than before.
 */
export function templateConcerns(): (
  key: string,
  kind: string,
  template: VmTemplate,
) => { looks: boolean; room: boolean } {
  const before = new Map<string, VmTemplate>();
  return (key, kind, template) => {
    const known = before.get(key);
    if (kind === 'deleted') before.delete(key);
    else before.set(key, template);
    const [had, has] = [known, template].map(one => one?.status?.allocations?.length ?? 0);
    const same = known?.metadata.uid === template.metadata.uid && kind !== 'deleted';
    const isLedger = had !== has || known?.status?.allocations?.join() !== template.status?.allocations?.join();
    const isOther = known?.metadata.generation !== template.metadata.generation || !isLedger;
    return { looks: !same || isOther, room: (has ?? 0) < (had ?? 0) };
  };
}

/** Usually nobody waits, and then no ledger need be read. */
function waiting<Owner extends VmQuota | VmPolicy>(
  machines: VirtualMachine[],
  before: Owner | undefined,
  after: Owner,
): VirtualMachine[] {
  const found = machines.filter(waitsForRoom);
  return found.length > 0 && mayHaveRoom(before, after) ? found.sort(byAge) : [];
}

function mayHaveRoom(before: VmQuota | VmPolicy | undefined, after: VmQuota | VmPolicy): boolean {
  if (before?.status?.allocations === undefined || before.metadata.uid !== after.metadata.uid) return true;
  if (before.metadata.generation !== after.metadata.generation) return true;
  const [had, has] = [before, after].map(({ status }) => sumOf((status?.allocations ?? []).map(parseAllocation)));
  if (!had || !has) return true;
  return dimensions.some(dimension => has[dimension] < had[dimension]);
}

function changedEntries(before: VmQuota | undefined, { status }: VmQuota): Allocation[] {
  const known = new Set(before?.status?.allocations);
  return (status?.allocations ?? []).filter(line => !known.has(line)).map(parseAllocation);
}

function overcharged(machines: Store<VirtualMachine>, namespace: string, entry: Allocation): VirtualMachine[] {
  const vm = machines.get(formatKey({ namespace, name: entry.name }));
  return vm && hasSurplus(vm, entry) ? [vm] : [];
}

/** Queue key of the VmQuota that a machine or a snapshot is under. */
export const quotaKeyOf = ({ metadata }: Pick<VirtualMachine, 'metadata'>): string =>
  keyOf({ metadata: { ...(metadata.namespace !== undefined && { namespace: metadata.namespace }), name: 'default' } });
