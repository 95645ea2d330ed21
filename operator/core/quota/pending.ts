import type { VirtualMachine } from '#api/kinds.ts';
import type { VmQuotaStatus } from '#api/vm-quota.ts';
import { requestOf } from './request.ts';

/** Most machines that are named in the line; the limit of the list in the CRD. */
const mostPending = 100;

/** Whether a machine waits for room. */
export const waitsForRoom = ({ metadata, status }: VirtualMachine): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status?.conditions?.some(({ type, status: held }) => type === 'QuotaReserved' && held === 'False') ?? false);

/** Most machines of a namespace that a native ResourceQuota leaves to wait for a grant: whoever may ask could flood it. */
const mostAsking = 20;

/**
 * How many resources a namespace may have beside those that its quota has room for: the machines that wait for an
 * administrator to grant more (F106), and the next one that asks.
 */
export const placesToAsk = (machines: readonly VirtualMachine[]): number =>
  Math.min(1 + machines.filter(vm => waitsForRoom(vm) && isNew(vm) && requestOf(vm) !== undefined).length, mostAsking);

/** One that is there has its place already, and waits to grow. */
const isNew = ({ status }: VirtualMachine): boolean => status?.vmid === undefined;

type Aged = Pick<VirtualMachine, 'metadata'>;

/** The older first; what was made in the same second goes by uid, so that every process has the same order. */
export function byAge({ metadata: a }: Aged, { metadata: b }: Aged): number {
  const [first, second] = [a, b].map(({ creationTimestamp = '', uid = '' }) => `${creationTimestamp} ${uid}`);
  return (first ?? '') < (second ?? '') ? -1 : 1;
}

/**
 * The machines of a namespace that wait for room, in the order in which they are tried. One that cannot fit does not
 * block smaller ones behind it.
 */
export function pendingOf(machines: readonly VirtualMachine[]): NonNullable<VmQuotaStatus['pending']> {
  return machines
    .filter(waitsForRoom)
    .sort(byAge)
    .slice(0, mostPending)
    .map((vm, index) => {
      const request = requestOf(vm);
      const reason = vm.status?.conditions?.find(({ type }) => type === 'QuotaReserved')?.reason ?? 'QuotaExceeded';
      return { name: vm.metadata.name, position: index + 1, reason, ...(request && { request }) };
    });
}
