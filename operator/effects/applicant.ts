import type { VirtualMachine } from '#api/kinds.ts';
import type { MachineApplicant, Violation } from '../core/quota/evaluate.ts';
import type { State } from '../core/quota/ledger.ts';

/** Who asks, and whether it is only a question. */
export interface Asking {
  state: State;
  dryRun?: boolean;
}

/** A machine as a ledger sees it. `name` is the key of its entry. */
export const applicantOf = ({ metadata, spec }: VirtualMachine, name: string): MachineApplicant => ({
  name,
  uid: metadata.uid ?? '',
  ...(metadata.generation !== undefined && { generation: metadata.generation }),
  spec,
});

/** What orders those that ask at the same time: the older first. */
export const ageOf = ({ metadata: { creationTimestamp = '', uid = '' } }: Pick<VirtualMachine, 'metadata'>): string =>
  `${creationTimestamp} ${uid}`;

/** A ledger that the operator has not begun yet. */
export const notReady: Violation = { reason: 'QuotaNotReady', text: 'it is being set up' };
