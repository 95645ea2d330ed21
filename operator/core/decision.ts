import type { VmOperation, VmSnapshot } from '#api/kinds.ts';
import type { Allocation } from '#api/ledger.ts';
import type { ConfigChange, NewMachine } from './machine.ts';
import type { Look, Place, SnapshotLine } from './observed.ts';
import type { Charge } from './quota/amounts.ts';

/** The conditions of a VirtualMachine that a step can hold up. */
export type ConditionType = 'QuotaReserved' | 'Scheduled' | 'Provisioned' | 'ConfigSynced' | 'PowerSynced';

/** What a machine needs of a node; the claim takes it. */
export interface Demand extends Place {
  cpu: number;
  memoryMiB: number;
  /** Which of the two grow, of a machine that is there. */
  grows?: { cpu: boolean; memory: boolean };
  /** Nodes that can hold the machine, by what it needs there. */
  candidates: string[];
}

/** A VMID that is given up, with what is left under it. */
export interface Abandoned {
  vmid: number;
  reason: string;
}

/** One call that changes something: in Kubernetes, or in Proxmox. */
export type Action =
  | { kind: 'addFinalizer' }
  | { kind: 'removeFinalizer' }
  | { kind: 'recreate' }
  | { kind: 'trimQuota'; seen: Allocation; confirmed: Charge }
  | { kind: 'claim'; cluster: string; demand: Demand; abandon?: Abandoned }
  | { kind: 'adopt'; cluster: string; node: string; vmid: number }
  | {
      kind: 'clone';
      node: string;
      templateVmid: number;
      templateName: string;
      vmid: number;
      name: string;
      description: string;
      full: boolean;
      target?: string;
      storage?: string;
      pool?: string;
    }
  | { kind: 'create'; node: string; vmid: number; machine: NewMachine; pool?: string }
  | { kind: 'createPool'; pool: string; comment: string }
  | { kind: 'joinPool'; pool: string; vmid: number }
  /** `marks`: it makes ours what carries no marker of ours. */
  | { kind: 'configure'; node: string; vmid: number; digest: string; change: ConfigChange; marks?: boolean }
  | { kind: 'resize'; node: string; vmid: number; digest: string; disk: string; sizeMiB: number }
  | { kind: 'start'; node: string; vmid: number }
  | { kind: 'shutdown'; node: string; vmid: number; timeoutSeconds: number; force: boolean }
  | { kind: 'stop'; node: string; vmid: number }
  | { kind: 'pause'; node: string; vmid: number }
  | { kind: 'resume'; node: string; vmid: number }
  | { kind: 'destroy'; node: string; vmid: number }
  /** Undertakes to cancel the open task, in the status, so that no other operator does so at the same time. */
  | { kind: 'undertakeCancel' }
  | { kind: 'cancelTask'; upid: string }
  /** Takes up a clone or a creation whose UPID was lost. */
  | { kind: 'followMaking'; upid: string }
  | {
      kind: 'operate';
      node: string;
      vmid: number;
      operation: VmOperation;
      timeoutSeconds: number;
      /** Name in Proxmox of what a Rollback goes to. */
      snapshotName?: string;
      /** The newest task of its type that the machine had before. */
      afterUpid?: string;
    }
  | { kind: 'followOperation'; operation: VmOperation; upid: string }
  | { kind: 'endOperation'; operation: VmOperation; failure?: Finding }
  | { kind: 'takeSnapshot'; node: string; vmid: number; snapshot: VmSnapshot; memory: boolean }
  | { kind: 'removeSnapshot'; node: string; vmid: number; snapshot: VmSnapshot; force: boolean }
  /** Tells of a snapshot that is there. */
  | { kind: 'noteTaken'; snapshot: VmSnapshot; line: SnapshotLine }
  /** Tells what a snapshot waits for. */
  | { kind: 'noteSnapshot'; snapshot: VmSnapshot; note: Finding }
  | { kind: 'failSnapshot'; snapshot: VmSnapshot; failure: Finding }
  /** Lets go of a snapshot that Proxmox has not, or not any more. */
  | { kind: 'dropSnapshot'; snapshot: VmSnapshot };

/** How a pass ends. A requeue is always a duration with a reason. */
export type Outcome =
  | { kind: 'done' }
  | { kind: 'again'; afterMs: number; reason: string }
  | { kind: 'retry'; reason: string }
  | { kind: 'stalled'; reason: string; message: string };

/** A reason for programs and a sentence for people. */
export interface Finding {
  reason: string;
  message: string;
}

/** What a step says when it has not got what it wants; a step that has says nothing. */
export interface Verdict {
  /** What must be seen before the step can say more; then nothing else of the verdict counts. */
  look?: Look;
  action?: Action;
  /** Why the step's condition does not hold. Absent: nothing is to be reported in this pass. */
  finding?: Finding;
  /** The condition that the finding is about, where it is not the step's own. */
  condition?: ConditionType;
  /** The same, where it is about several. */
  conditions?: ConditionType[];
  outcome: Outcome;
}

/** What a step that is content says of its condition. It may be so that the machine is ready, and the condition not true. */
export interface Holding {
  condition: ConditionType;
  reason: string;
  status?: 'True' | 'False';
  message?: string;
}

/** The decision of one pass. */
export interface Decision extends Verdict {
  /** The step that held the pass up; undefined when every step is content. */
  heldBy?: { condition?: ConditionType; notReady: string };
  /** Conditions of the steps before it: they hold. */
  holding: Holding[];
}

/** The pass looks again after what it wrote has been seen. */
export const next: Outcome = { kind: 'again', afterMs: 0, reason: 'the next step' };

/** Asks to see something. */
export const lookAt = (look: Look): Verdict => ({ look, outcome: next });

/** The reason of a machine that waits for its turn to start a task; the call was not made. */
export const queued = 'Queued';

/** Waits for something that nothing wakes us for. */
export const waitFor = (afterMs: number, reason: string, message: string): Verdict => ({
  finding: { reason, message },
  outcome: { kind: 'again', afterMs, reason },
});

/** Gives up until something changes: a person must act. */
export const stall = (reason: string, message: string): Verdict => ({
  finding: { reason, message },
  outcome: { kind: 'stalled', reason, message },
});

/** Acts, and reports why meanwhile. */
export const act = (action: Action, reason: string, message: string, outcome: Outcome = { kind: 'done' }): Verdict => ({
  action,
  finding: { reason, message },
  outcome,
});
