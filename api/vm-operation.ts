import { z } from 'zod';
import { cel, immutableRule } from './cel.ts';
import { conditions, observedGeneration } from './conditions.ts';
import { machineName, resourceName } from './names.ts';

const time = () => z.iso.datetime();

/** Something that is done to a machine once. */
export const vmOperationSpec = z
  .object({
    vmName: machineName(),
    requester: z.string().min(1).max(253).describe('Who asks for it: the user name of whoever creates this resource.'),
    type: z
      .enum(['Restart', 'Reset', 'Rollback'])
      .describe(
        'Restart asks the guest to shut down and starts it again; Reset is the button on the front; Rollback takes the machine back to a snapshot.',
      ),
    rollback: z
      .object({
        snapshotName: resourceName().describe('Name of the VmSnapshot.'),
      })
      .optional()
      .describe('What a Rollback takes the machine back to.'),
    deadlineSeconds: z
      .int32()
      .min(1)
      .max(86_400)
      .default(1800)
      .describe('How long after its creation it may take; then it has failed.'),
    ttlSecondsAfterFinished: z
      .int32()
      .min(0)
      .max(31_536_000)
      .default(604_800)
      .describe('How long this resource is kept after its end. Default: seven days.'),
  })
  .meta(
    cel(immutableRule('the spec of an operation'), {
      rule: "(self.type == 'Rollback') == has(self.rollback)",
      message: 'rollback belongs to the type Rollback, which needs it',
      fieldPath: '.rollback',
    }),
  );

export type VmOperationSpec = z.infer<typeof vmOperationSpec>;

/** What became of an operation. */
export const vmOperationStatus = z.object({
  observedGeneration: observedGeneration(),
  conditions: conditions(),
  vmUID: z.string().max(36).optional().describe('metadata.uid of the machine that it was begun on.'),
  startedAt: time().optional().describe('When it was begun; written before Proxmox is told.'),
  afterUpid: z
    .string()
    .max(256)
    .optional()
    .describe("Proxmox' id of the newest task of its type that the machine had before: its own is a later one."),
  upid: z.string().max(256).optional().describe("Proxmox' id of its task."),
  finishedAt: time().optional().describe('When its end was seen.'),
});

export type VmOperationStatus = z.infer<typeof vmOperationStatus>;

/** An operation on a machine. */
export const vmOperation = {
  kind: 'VmOperation',
  plural: 'vmoperations',
  shortNames: ['vmop'],
  namespaced: true,
  description: 'VmOperation does something to a VirtualMachine once, such as a restart.',
  spec: vmOperationSpec,
  status: vmOperationStatus,
  rules: [],
  columns: [
    { name: 'Machine', type: 'string', jsonPath: '.spec.vmName' },
    { name: 'Type', type: 'string', jsonPath: '.spec.type' },
    { name: 'Requester', type: 'string', jsonPath: '.spec.requester' },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
    { name: 'Message', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  selectableFields: ['.spec.vmName', '.spec.requester', '.spec.type'],
} as const;
