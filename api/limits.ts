import { z } from 'zod';
import { asSet, cel } from './cel.ts';
import { bridgeName, nodeName, resourceName, storageId, tagName } from './names.ts';
import { quantity } from './quantity.ts';

/** A number of things of which none may be had, too. The most is beyond what one Proxmox VE cluster holds. */
export const count = (most: number) => z.int32().min(0).max(most);

/** Limits on what the machines of one owner take together. */
export const perUser = () =>
  z
    .object({
      vms: count(10_000).optional().describe('Most machines of one owner.'),
      cpu: count(1_000_000).optional().describe('Most virtual CPUs of one owner.'),
      memory: quantity().optional().describe('Most memory of one owner.'),
      storage: quantity().optional().describe('Most disk space of one owner.'),
    })
    .meta({ minProperties: 1 });

const most = z
  .object({
    cpu: z.int32().min(1).max(512).optional().describe('Most virtual CPUs.'),
    sockets: z.int32().min(1).max(8).optional().describe('Most sockets.'),
    memory: quantity().optional().describe('Most memory.'),
    storage: quantity().optional().describe('Most disk space, all disks together.'),
    disks: z.int32().min(1).max(16).optional().describe('Most disks.'),
    networks: count(8).optional().describe('Most network interfaces.'),
  })
  .meta({ minProperties: 1 });

const least = z
  .object({
    cpu: z.int32().min(1).max(512).optional().describe('Fewest virtual CPUs.'),
    memory: quantity().optional().describe('Least memory.'),
    storage: quantity().optional().describe('Least disk space, all disks together.'),
  })
  .meta({ minProperties: 1 });

/** Limits on each machine for itself. */
export const perVM = () =>
  z
    .object({
      min: least.optional().describe('What a machine must have at least.'),
      max: most.optional().describe('What a machine may have at most.'),
    })
    .meta(
      cel({
        rule: '!has(self.min) || !has(self.max) || !has(self.min.cpu) || !has(self.max.cpu) || self.min.cpu <= self.max.cpu',
        message: 'min.cpu must not be above max.cpu',
      }),
    );

/** What of the approved things people may use. An absent list leaves the choice as wide as the ProxmoxCluster has it. */
export const allowed = () =>
  z
    .object({
      templates: z.array(resourceName()).max(128).meta(asSet).optional().describe('VmTemplates.'),
      isos: z.array(resourceName()).max(128).meta(asSet).optional().describe('ISO images.'),
      nodes: z.array(nodeName()).max(64).meta(asSet).optional().describe('Nodes that machines may be placed on.'),
      bridges: z.array(bridgeName()).max(64).meta(asSet).optional().describe('Bridges.'),
      storages: z.array(storageId()).max(64).meta(asSet).optional().describe('Storages that disks may name.'),
      tags: z.array(tagName()).max(64).meta(asSet).optional().describe('Tags.'),
    })
    .meta({ minProperties: 1 });
