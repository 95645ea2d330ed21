import { z } from 'zod';
import { immutable } from './cel.ts';
import { conditions, observedGeneration } from './conditions.ts';
import { machineName } from './names.ts';

const time = () => z.iso.datetime();

/** What a snapshot is to be of. */
export const vmSnapshotSpec = z
  .object({
    vmName: machineName(),
    memory: z
      .enum(['Include', 'Exclude'])
      .default('Exclude')
      .describe('Include also keeps what a running machine has in memory: after a rollback it runs on from there.'),
    description: z.string().max(1024).optional().describe('What people want to remember it by.'),
    ttlSeconds: z
      .int32()
      .min(3600)
      .max(31_536_000)
      .optional()
      .describe('How long after it was taken it is removed. Absent: as the VmPolicy says.'),
  })
  .meta(immutable('the spec of a snapshot'));

export type VmSnapshotSpec = z.infer<typeof vmSnapshotSpec>;

/** What became of a snapshot. */
export const vmSnapshotStatus = z.object({
  observedGeneration: observedGeneration(),
  conditions: conditions(),
  vmUID: z.string().max(36).optional().describe('metadata.uid of the machine that it is of.'),
  snapshotName: z.string().max(40).optional().describe('Its name in Proxmox, made of the UID of this resource.'),
  startedAt: time().optional().describe('When it was begun; written before Proxmox is told.'),
  upid: z.string().max(256).optional().describe("Proxmox' id of the task that takes it."),
  createdAt: time().optional().describe('When it was taken.'),
  memory: z.enum(['Included', 'Excluded']).optional().describe('Whether it holds the memory of the machine.'),
  expiresAt: time().optional().describe('When it is removed.'),
  finishedAt: time().optional().describe('When it was seen that it cannot be taken.'),
});

export type VmSnapshotStatus = z.infer<typeof vmSnapshotStatus>;

/** A snapshot of a machine. */
export const vmSnapshot = {
  kind: 'VmSnapshot',
  plural: 'vmsnapshots',
  shortNames: ['vmsnap'],
  namespaced: true,
  description: 'VmSnapshot keeps a VirtualMachine as it is at one moment. Deleting it deletes the snapshot in Proxmox.',
  spec: vmSnapshotSpec,
  status: vmSnapshotStatus,
  rules: [
    {
      rule: 'oldSelf.hasValue() || self.metadata.name.size() <= 63',
      message: 'metadata.name: at most 63 characters',
      optionalOldSelf: true,
    },
  ],
  columns: [
    { name: 'Machine', type: 'string', jsonPath: '.spec.vmName' },
    { name: 'Memory', type: 'string', jsonPath: '.status.memory' },
    { name: 'Taken', type: 'date', jsonPath: '.status.createdAt' },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
    { name: 'Message', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
    { name: 'Proxmox-Name', type: 'string', jsonPath: '.status.snapshotName', priority: 1 },
    { name: 'Expires', type: 'string', jsonPath: '.status.expiresAt', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  selectableFields: ['.spec.vmName'],
} as const;
