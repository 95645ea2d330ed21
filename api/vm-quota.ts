import { z } from 'zod';
import { asAtomic, cel, mapBy } from './cel.ts';
import { conditions, observedGeneration } from './conditions.ts';
import { allocations, amounts, snapshotAllocations } from './ledger.ts';
import { allowed, count, perUser, perVM } from './limits.ts';
import { nodeName, resourceName, storageId, vmid } from './names.ts';
import { quantity } from './quantity.ts';

const hard = z
  .object({
    vms: count(10_000).optional().describe('Most machines.'),
    cpu: count(1_000_000).optional().describe('Most virtual CPUs, of machines that are off, too.'),
    memory: quantity().optional().describe('Most memory, of machines that are off, too.'),
    storage: quantity().optional().describe('Most disk space.'),
    networks: count(100_000).optional().describe('Most network interfaces.'),
    snapshots: count(100_000).optional().describe('Most snapshots of machines.'),
    runningVMs: count(10_000).optional().describe('Most machines that run at a time.'),
    runningCPU: count(1_000_000).optional().describe('Most virtual CPUs of machines that run.'),
    runningMemory: quantity().optional().describe('Most memory of machines that run.'),
  })
  .meta({
    minProperties: 1,
    ...cel(
      {
        rule: '!has(self.runningVMs) || !has(self.vms) || self.runningVMs <= self.vms',
        message: 'runningVMs must not be above vms',
        fieldPath: '.runningVMs',
      },
      {
        rule: '!has(self.runningCPU) || !has(self.cpu) || self.runningCPU <= self.cpu',
        message: 'runningCPU must not be above cpu',
        fieldPath: '.runningCPU',
      },
    ),
  });

const perTemplate = z.object({
  template: resourceName().describe('Name of the VmTemplate.'),
  vms: count(10_000).describe('Most machines that are made from it.'),
});

const perNode = z.object({
  node: nodeName().describe('Name of the node.'),
  vms: count(10_000).optional().describe('Most machines of the namespace on it.'),
  cpu: count(100_000).optional().describe('Most virtual CPUs of the namespace on it.'),
  memory: quantity().optional().describe('Most memory of the namespace on it.'),
});

const perStorage = z.object({
  storage: storageId().describe('Id of the storage.'),
  size: quantity().describe('Most disk space of the namespace on it.'),
});

const vmidRange = z
  .object({
    start: vmid().describe('First VMID.'),
    end: vmid().describe('Last VMID.'),
  })
  .meta(cel({ rule: 'self.start <= self.end', message: 'start must not be above end' }));

/** What the machines of a namespace may take. */
export const vmQuotaSpec = z
  .object({
    hard: hard.describe('Limits of the namespace. What is absent is not limited.'),
    perUser: perUser().optional().describe('Limits of each owner in the namespace. Every machine needs an owner then.'),
    perVM: perVM().optional().describe('Limits of each machine.'),
    perTemplate: z.array(perTemplate).max(64).meta(mapBy('template')).optional().describe('Limits of templates.'),
    perNode: z.array(perNode).max(64).meta(mapBy('node')).optional().describe("The namespace's share of nodes."),
    perStorage: z
      .array(perStorage)
      .max(64)
      .meta(mapBy('storage'))
      .optional()
      .describe("The namespace's share of storages. Every disk must name its storage then."),
    vmidRange: vmidRange.optional().describe('VMIDs of new machines, out of those of the ProxmoxCluster.'),
    allowed: allowed().optional().describe('What of the approved things the namespace may use.'),
    isolationVlan: z
      .int32()
      .min(1)
      .max(4094)
      .optional()
      .describe('VLAN tag that every network interface must have; every machine must declare its networks then.'),
  })
  .meta(
    cel({
      rule: '!has(self.perUser) || !has(self.perUser.vms) || !has(self.hard.vms) || self.perUser.vms <= self.hard.vms',
      message: 'perUser.vms must not be above hard.vms',
      fieldPath: '.perUser',
    }),
  );

export type VmQuotaSpec = z.infer<typeof vmQuotaSpec>;

const ratio = (what: string) => z.string().max(32).optional().describe(what);

/** What is taken of a VmQuota, and by whom. */
export const vmQuotaStatus = z.object({
  observedGeneration: observedGeneration(),
  conditions: conditions(),
  hard: amounts.optional().describe('The limits that were in force at the last write.'),
  used: amounts.optional().describe('What is taken.'),
  summary: z
    .object({
      vms: ratio('Machines, as USED/HARD.'),
      cpu: ratio('Virtual CPUs.'),
      memory: ratio('Memory.'),
      storage: ratio('Disk space.'),
      snapshots: ratio('Snapshots.'),
    })
    .optional()
    .describe('The same for people.'),
  allocations: allocations(),
  snapshots: snapshotAllocations(),
  pending: z
    .array(
      z.object({
        name: z.string().max(63).describe('Name of the VirtualMachine.'),
        position: z.int32().min(1).describe('Its place in the line.'),
        reason: z.string().max(128).describe('Why it waits, in one word.'),
        request: z
          .string()
          .max(512)
          .optional()
          .describe('Why its owner asks for more: its annotation berth.dev/quota-request.'),
      }),
    )
    .max(100)
    .meta(asAtomic)
    .optional()
    .describe('Machines that wait for room, the oldest first.'),
});

export type VmQuotaStatus = z.infer<typeof vmQuotaStatus>;

/** The quota of a namespace. */
export const vmQuota = {
  kind: 'VmQuota',
  plural: 'vmquotas',
  shortNames: ['vmq'],
  namespaced: true,
  description: 'VmQuota says what the machines of its namespace may take. There is one, named "default".',
  spec: vmQuotaSpec,
  status: vmQuotaStatus,
  rules: [
    {
      rule: "oldSelf.hasValue() || self.metadata.name == 'default'",
      message: 'a namespace has one VmQuota, and its name is default',
      optionalOldSelf: true,
    },
  ],
  columns: [
    { name: 'VMs', type: 'string', jsonPath: '.status.summary.vms' },
    { name: 'CPU', type: 'string', jsonPath: '.status.summary.cpu' },
    { name: 'Memory', type: 'string', jsonPath: '.status.summary.memory' },
    { name: 'Storage', type: 'string', jsonPath: '.status.summary.storage' },
    { name: 'Snapshots', type: 'string', jsonPath: '.status.summary.snapshots', priority: 1 },
    { name: 'Over', type: 'string', jsonPath: '.status.conditions[?(@.type=="OverQuota")].status' },
    { name: 'Per-User-VMs', type: 'integer', jsonPath: '.spec.perUser.vms', priority: 1 },
    { name: 'Waiting', type: 'string', jsonPath: '.status.pending[*].name', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  selectableFields: [],
} as const;
