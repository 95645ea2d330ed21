import { z } from 'zod';
import { asAtomic, cel } from './cel.ts';
import { conditions, observedGeneration } from './conditions.ts';
import { vmid } from './names.ts';

const time = () => z.iso.datetime();

const task = z.object({
  upid: z.string().max(256).describe("Proxmox' id of the task."),
  type: z.string().max(32).describe("Proxmox' name for the kind of task, for example qmclone."),
  node: z.string().max(63).describe('Node that runs the task.'),
  startedAt: time().describe('When it was started.'),
  cancelledAt: time().optional().describe('When an operator undertook to cancel it; it alone does, within seconds.'),
});

const lastTask = z.object({
  upid: z.string().max(256).describe("Proxmox' id of the task."),
  type: z.string().max(32).describe("Proxmox' name for the kind of task."),
  result: z.enum(['Succeeded', 'Failed']).describe('How it ended; warnings count as success.'),
  message: z.string().max(1024).optional().describe("Proxmox' own words, where it failed or warned."),
  finishedAt: time().describe('When its end was seen.'),
});

/** What was observed of a VirtualMachine. It holds nothing that changes with every poll. */
export const virtualMachineStatus = z
  .object({
    observedGeneration: observedGeneration(),
    conditions: conditions(),
    cluster: z.string().max(63).optional().describe('ProxmoxCluster that the machine lives in.'),
    vmid: vmid().optional().describe('VMID that is claimed for this machine. Once set it cannot be removed.'),
    node: z.string().max(63).optional().describe('Node of Proxmox that the machine is on.'),
    uuid: z.string().max(36).optional().describe('SMBIOS UUID of the machine, its second proof of identity.'),
    powerState: z
      .enum(['Running', 'Stopped', 'Paused', 'Suspended', 'Unknown'])
      .optional()
      .describe('Power state as last read.'),
    printableStatus: z.string().max(32).optional().describe('One word for people. Programs read the conditions.'),
    task: task.optional().describe('The task that Proxmox is running for this machine.'),
    lastTask: lastTask.optional().describe('The task that ended last.'),
    queuePosition: z
      .int32()
      .min(1)
      .optional()
      .describe(
        'Place in the line for a task of Proxmox, when the machine was told to wait. It is told once, not each move.',
      ),
    allocation: z
      .object({
        cpu: z.int32().describe('Virtual CPUs.'),
        memoryMiB: z.int32().describe('Memory in MiB.'),
      })
      .optional()
      .describe(
        'What the machine was granted, or was seen to have in Proxmox: its node is charged with it, where the spec asks for less, until Proxmox is seen to have taken it back.',
      ),
    restartRequiredFor: z
      .array(z.string().max(64))
      .max(32)
      .meta({ 'x-kubernetes-list-type': 'set' })
      .optional()
      .describe('Settings that take effect at the next restart.'),
    addresses: z
      .array(
        z.object({
          address: z.string().max(45).describe('IP address, as the guest agent tells it.'),
          type: z.enum(['IPv4', 'IPv6']).describe('Which kind of address.'),
          network: z.string().max(20).optional().describe('Network of the spec that it belongs to, else net0, net1, …'),
          interface: z.string().max(64).describe("The interface's name in the guest."),
          mac: z.string().max(17).optional().describe("The interface's hardware address, in upper case."),
        }),
      )
      .max(32)
      .meta(asAtomic)
      .optional()
      .describe('Addresses of the guest, without loopback and link-local ones; those of the first network come first.'),
    guest: z
      .object({
        osName: z.string().max(128).optional().describe('The system, by name and version.'),
        hostname: z.string().max(253).optional().describe('What the guest calls itself.'),
        agentVersion: z.string().max(64).optional().describe('Version of the agent.'),
      })
      .optional()
      .describe('What the guest says of itself. It is not to be trusted.'),
    template: z
      .object({
        name: z.string().max(63).describe('Name of the VmTemplate.'),
        vmid: vmid().describe("The template's VMID."),
      })
      .optional()
      .describe('The template that was cloned.'),
    lastStartedAt: time().optional().describe('When the operator last started the machine.'),
    createdAt: time().optional().describe('When the machine was first seen complete in Proxmox.'),
  })
  .meta(
    cel(
      {
        rule: 'has(self.vmid) || !has(oldSelf.vmid)',
        message: 'vmid cannot be removed: it is what keeps a machine from being lost',
      },
      { rule: 'has(self.uuid) || !has(oldSelf.uuid)', message: 'uuid cannot be removed' },
    ),
  );

export type VirtualMachineStatus = z.infer<typeof virtualMachineStatus>;
