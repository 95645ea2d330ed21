import { z } from 'zod';
import { asSet, mapBy } from './cel.ts';
import { conditions, observedGeneration } from './conditions.ts';
import { allocations } from './ledger.ts';
import { count } from './limits.ts';
import { nodeName, resourceName, vmid } from './names.ts';
import { quantity } from './quantity.ts';

const source = z.object({
  cluster: resourceName().describe('Name of the ProxmoxCluster.'),
  vmid: z
    .object({
      vmid: vmid().describe("The template's VMID."),
      node: nodeName().describe('Node that the template is on.'),
    })
    .describe('A template of Proxmox.'),
});

const minimum = z
  .object({
    cpu: z.int32().min(1).max(512).optional().describe('Fewest virtual CPUs.'),
    memory: quantity().optional().describe('Least memory.'),
    rootDisk: quantity().optional().describe('Smallest root disk.'),
  })
  .meta({ minProperties: 1 });

const maximum = z
  .object({
    cpu: z.int32().min(1).max(512).optional().describe('Most virtual CPUs.'),
    memory: quantity().optional().describe('Most memory.'),
    storage: quantity().optional().describe('Most disk space, all disks together.'),
    disks: z.int32().min(1).max(16).optional().describe('Most disks.'),
  })
  .meta({ minProperties: 1 });

/** A template that machines are made from. */
export const vmTemplateSpec = z.object({
  displayName: z.string().max(128).optional().describe('Name that people see.'),
  description: z.string().max(1024).optional().describe('What the template is good for.'),
  osType: z.enum(['Linux', 'Windows', 'Other']).optional().describe('Kind of guest.'),
  sources: z
    .array(source)
    .min(1)
    .max(16)
    .meta(mapBy('cluster'))
    .describe('Where each ProxmoxCluster has the template.'),
  cloneMode: z
    .enum(['Full', 'Linked'])
    .default('Full')
    .describe("Full copies the template's disks, Linked builds on them."),
  minimum: minimum.optional().describe('What a machine made from it must have at least.'),
  maximum: maximum.optional().describe('What a machine made from it may have at most.'),
  maxVMs: count(1000).optional().describe('Most machines made from it, over all namespaces.'),
  maxVMsPerUser: count(1000)
    .optional()
    .describe('Most machines of one owner made from it, over all namespaces. Every machine needs an owner then.'),
  allowedNamespaces: z
    .array(z.string().min(1).max(63))
    .max(256)
    .meta(asSet)
    .optional()
    .describe('Namespaces that may make machines from it. Absent: all.'),
});

export type VmTemplateSpec = z.infer<typeof vmTemplateSpec>;

/** What was observed of a VmTemplate. */
export const vmTemplateStatus = z.object({
  observedGeneration: observedGeneration(),
  conditions: conditions(),
  sources: z
    .array(
      z.object({
        cluster: z.string().max(63).describe('Name of the ProxmoxCluster.'),
        ready: z.boolean().describe('Whether the template can be cloned there.'),
        rootDisk: z.string().max(16).optional().describe('Size of the disk that it boots from.'),
        message: z.string().max(1024).optional().describe('What is wrong, or to be known, of it.'),
      }),
    )
    .max(16)
    .meta(mapBy('cluster'))
    .optional()
    .describe('What was found in each ProxmoxCluster.'),
  allocations: allocations(),
});

export type VmTemplateStatus = z.infer<typeof vmTemplateStatus>;

/** A template of Proxmox VE that is offered to people. */
export const vmTemplate = {
  kind: 'VmTemplate',
  plural: 'vmtemplates',
  shortNames: ['vmt'],
  namespaced: false,
  description: 'VmTemplate is a template of Proxmox VE that people may make machines from.',
  spec: vmTemplateSpec,
  status: vmTemplateStatus,
  rules: [],
  columns: [
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'OS', type: 'string', jsonPath: '.spec.osType' },
    { name: 'Title', type: 'string', jsonPath: '.spec.displayName' },
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
    { name: 'Message', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  selectableFields: [],
} as const;
