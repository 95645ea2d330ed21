import { z } from 'zod';
import { asAtomic, asSet, cel, immutable } from './cel.ts';
import { dnsLabelPattern, localReference, resourceName, tagName, vmid } from './names.ts';
import { quantity } from './quantity.ts';
import { disks, networks } from './virtual-machine-devices.ts';
import { virtualMachineStatus } from './virtual-machine-status.ts';

const source = z
  .object({
    template: z
      .object({
        name: resourceName().describe('Name of the VmTemplate.'),
        mode: z
          .enum(['Full', 'Linked'])
          .optional()
          .describe("Full copies the template's disks, Linked builds on them. Default: as the VmTemplate says."),
      })
      .optional()
      .describe('A VmTemplate to clone.'),
    iso: z
      .object({ name: resourceName().describe('Name of the ISO image in the ProxmoxCluster.') })
      .optional()
      .describe('An approved ISO image to install from: the machine is made with empty disks and has it as its CD.'),
    adopt: z
      .object({ vmid: vmid().describe('VMID of the machine in Proxmox.') })
      .optional()
      .describe('A machine that is in Proxmox already. It needs the verb adopt on virtualmachines.'),
  })
  .meta(
    cel(
      {
        rule: '[has(self.template), has(self.iso), has(self.adopt)].filter(named, named).size() == 1',
        message: 'name exactly one of template, iso and adopt',
      },
      ...immutable('the source of a machine')['x-kubernetes-validations'],
    ),
  );

const resources = z
  .object({
    cpu: z.int32().min(1).max(512).describe('Number of virtual CPUs over all sockets.'),
    sockets: z
      .int32()
      .min(1)
      .max(8)
      .optional()
      .describe('Number of sockets that the CPUs are spread over. Default: 1.'),
    memory: quantity()
      .meta(cel({ rule: "!quantity(self).isLessThan(quantity('128Mi'))", message: 'memory must be 128Mi or more' }))
      .describe('Memory, for example 4Gi; 128Mi at least.'),
  })
  .meta(
    cel({
      rule: '!has(self.sockets) || self.cpu % self.sockets == 0',
      message: 'cpu must be a multiple of sockets',
      fieldPath: '.cpu',
    }),
  );

const cloudInit = z.object({
  user: z
    .string()
    .min(1)
    .max(32)
    .regex(/^[a-z_][a-z0-9_-]*$/, 'a Linux user name')
    .optional()
    .describe('User that cloud-init makes.'),
  sshAuthorizedKeys: z
    .array(
      z
        .string()
        .min(16)
        .max(2048)
        .regex(/^[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\r\n]*)?$/, 'one OpenSSH public key'),
    )
    .max(32)
    .meta(asSet)
    .optional()
    .describe('SSH public keys of that user.'),
  passwordSecretRef: z
    .object({
      name: z.string().min(1).max(253).describe('Name of the Secret.'),
      key: z
        .string()
        .min(1)
        .max(253)
        .regex(/^[-._a-zA-Z0-9]+$/, 'a key of a Secret')
        .optional()
        .describe('Key in it. Default: password.'),
    })
    .optional()
    .describe(
      "Secret of the same namespace and of type berth.dev/cloud-init that holds the user's password. It is read when the machine is made; a later change has no effect.",
    ),
  nameservers: z.array(z.string().max(45)).max(3).meta(asSet).optional().describe('Addresses of name servers.'),
  searchDomain: z.string().max(253).optional().describe('Search domain of the resolver.'),
});

const shutdown = z.object({
  mode: z
    .enum(['Graceful', 'GracefulThenHard', 'Hard'])
    .optional()
    .describe('Ask the guest to shut down, ask and then pull the plug, or pull it at once. Default: GracefulThenHard.'),
  timeoutSeconds: z.int32().min(1).max(3600).optional().describe('How long the guest has. Default: 180.'),
});

const cdrom = z.object({
  iso: resourceName()
    .optional()
    .describe('Name of an ISO image that the ProxmoxCluster approves. Absent: the drive is empty.'),
});

const firmware = z
  .object({
    type: z.enum(['Bios', 'Uefi']).describe('What starts the machine: Bios or Uefi.'),
    secureBoot: z
      .enum(['Enabled', 'Disabled'])
      .optional()
      .describe(
        "Whether UEFI starts with Microsoft's keys enrolled, and so starts what they signed only. Default: Disabled.",
      ),
  })
  .meta(
    cel(
      {
        rule: "!has(self.secureBoot) || self.type == 'Uefi'",
        message: 'secureBoot goes with type Uefi only',
        fieldPath: '.secureBoot',
      },
      ...immutable('the firmware of a machine')['x-kubernetes-validations'],
    ),
  );

/** The desired state of a VirtualMachine. What it does not mention is not managed. */
export const virtualMachineSpec = z
  .object({
    clusterRef: localReference('ProxmoxCluster')
      .meta(immutable('the cluster of a machine'))
      .optional()
      .describe('ProxmoxCluster that the machine lives in. Default: the one with `default: Enabled`.'),
    source: source.describe('What the machine is made from.'),
    owner: z
      .string()
      .min(1)
      .max(253)
      .optional()
      .describe('User that the machine is accounted to. It isolates nothing.'),
    hostname: z
      .string()
      .min(1)
      .max(63)
      .regex(dnsLabelPattern, 'a DNS label')
      .optional()
      .describe("The machine's name in Proxmox and in the guest. Default: metadata.name."),
    description: z.string().max(4096).optional().describe('Notes in Markdown; they are shown in Proxmox too.'),
    tags: z
      .array(tagName())
      .max(16)
      .meta(asSet)
      .optional()
      .describe("Tags from the ProxmoxCluster's catalogue. The tag `berth` is always there."),
    resources: resources.describe('CPU and memory.'),
    disks: disks(),
    networks: networks(),
    cdrom: cdrom
      .optional()
      .describe(
        'What is in the CD-ROM drive: an image, or with `cdrom: {}` nothing. Absent: it is left as it is; a machine that is made from an ISO image has that.',
      ),
    bootOrder: z
      .array(z.string().min(1).max(20))
      .min(1)
      .max(8)
      .meta({
        ...asAtomic,
        ...cel({
          rule: "self.exists_one(n, n == 'root') && self.all(n, self.exists_one(m, m == n))",
          message: 'bootOrder names root, and nothing twice',
        }),
      })
      .optional()
      .describe(
        'What the machine boots from, in order: names of disks and networks, and `cdrom`. It names root, and no other disk before it. Absent: left as it is; a machine that is made from an ISO image boots from root, then the CD, then its first network.',
      ),
    firmware: firmware
      .optional()
      .describe(
        'What starts a machine that is made from an ISO image. Default: Bios. Any other has what its template has.',
      ),
    tpm: z
      .enum(['Disabled', 'V2'])
      .meta(immutable('the TPM of a machine'))
      .optional()
      .describe('Whether a machine that is made from an ISO image has a TPM, of version 2.0. Default: Disabled.'),
    cloudInit: cloudInit.optional().describe('What cloud-init tells the guest at its first boot.'),
    guestAgent: z
      .enum(['Enabled', 'Disabled'])
      .optional()
      .describe(
        'Whether Proxmox talks to the QEMU guest agent, which tells the addresses and makes shutdowns sure. Default: as the template has it.',
      ),
    startAtBoot: z
      .enum(['Enabled', 'Disabled'])
      .optional()
      .describe(
        'Whether Proxmox starts the machine when its node boots. Berth starts one that should run either way, a little later.',
      ),
    powerState: z
      .enum(['Running', 'Stopped', 'Paused', 'Unmanaged'])
      .default('Running')
      .describe(
        'Whether the machine should run: Running, Stopped, Paused (it keeps its memory), or Unmanaged: as people have it in Proxmox. Paused and Unmanaged take as much of a quota as Running.',
      ),
    shutdown: shutdown.optional().describe('How the machine is stopped.'),
    drift: z
      .enum(['Correct', 'Report'])
      .optional()
      .describe(
        'What becomes of a change that somebody makes in Proxmox: it is put right (Correct, the default), or reported and left (Report). A change of this spec is carried out either way.',
      ),
    onMissing: z
      .enum(['Report', 'Recreate'])
      .optional()
      .describe(
        'What becomes of a machine that somebody removes in Proxmox: it is reported (Report, the default), or made anew with empty disks (Recreate).',
      ),
    deletionProtection: z
      .enum(['Enabled', 'Disabled'])
      .optional()
      .describe('While it is Enabled the API server refuses to delete this resource. Default: Disabled.'),
    deletionPolicy: z
      .enum(['Delete', 'Retain'])
      .default('Delete')
      .describe(
        'What becomes of the machine in Proxmox when this resource is deleted: Delete destroys it with its disks, Retain leaves it.',
      ),
  })
  .meta(
    cel(
      {
        rule: 'has(self.clusterRef) || !has(oldSelf.clusterRef)',
        message: 'clusterRef cannot be taken away again',
        reason: 'FieldValueForbidden',
        fieldPath: '.clusterRef',
      },
      {
        rule: 'has(self.firmware) == has(oldSelf.firmware) && has(self.tpm) == has(oldSelf.tpm)',
        message: 'firmware and tpm cannot be changed after creation',
        reason: 'FieldValueForbidden',
      },
      {
        rule: 'has(self.source.iso) || (!has(self.firmware) && !has(self.tpm))',
        message: 'firmware and tpm go with source.iso; any other machine has what it was made from',
      },
      {
        rule: '!has(self.source.iso) || (!has(self.cloudInit) && (!has(self.networks) || self.networks.all(n, !has(n.addresses))))',
        message: 'cloudInit and addresses go with a template; an installer does not read them',
      },
      {
        rule: "!has(self.bootOrder) || self.bootOrder.all(n, n == 'cdrom' || self.disks.exists(d, d.name == n) || (has(self.networks) && self.networks.exists(w, w.name == n)))",
        message: 'bootOrder names disks and networks of this machine, and cdrom',
        fieldPath: '.bootOrder',
      },
      {
        rule: "!has(self.bootOrder) || !self.bootOrder.exists(n, n == 'root') || self.bootOrder.filter(n, self.disks.exists(d, d.name == n))[0] == 'root'",
        message: 'no disk stands before root in bootOrder: the first one is what makes it root',
        fieldPath: '.bootOrder',
      },
    ),
  );

export type VirtualMachineSpec = z.infer<typeof virtualMachineSpec>;

/** A virtual machine on Proxmox VE. */
export const virtualMachine = {
  kind: 'VirtualMachine',
  plural: 'virtualmachines',
  shortNames: ['vm', 'pvm'],
  namespaced: true,
  description: 'VirtualMachine is a virtual machine on Proxmox VE: declare it, and the operator makes Proxmox match.',
  spec: virtualMachineSpec,
  status: virtualMachineStatus,
  rules: [
    {
      rule: "oldSelf.hasValue() || (self.metadata.name.size() <= 63 && !self.metadata.name.contains('.'))",
      message: 'metadata.name must be a DNS label of at most 63 characters: it becomes the host name',
      optionalOldSelf: true,
    },
  ],
  columns: [
    { name: 'Status', type: 'string', jsonPath: '.status.printableStatus' },
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'CPU', type: 'integer', jsonPath: '.spec.resources.cpu' },
    { name: 'Memory', type: 'string', jsonPath: '.spec.resources.memory' },
    { name: 'Node', type: 'string', jsonPath: '.status.node' },
    { name: 'VMID', type: 'integer', jsonPath: '.status.vmid' },
    { name: 'IP', type: 'string', jsonPath: '.status.addresses[0].address' },
    { name: 'Template', type: 'string', jsonPath: '.spec.source.template.name', priority: 1 },
    { name: 'ISO', type: 'string', jsonPath: '.spec.source.iso.name', priority: 1 },
    { name: 'Owner', type: 'string', jsonPath: '.spec.owner', priority: 1 },
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason', priority: 1 },
    { name: 'Message', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  selectableFields: [
    '.spec.owner',
    '.spec.powerState',
    '.spec.source.template.name',
    '.status.node',
    '.status.cluster',
    '.status.powerState',
  ],
} as const;
