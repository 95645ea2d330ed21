import { z } from 'zod';
import { asAtomic, asSet, cel, mapBy } from './cel.ts';
import { conditions, observedGeneration } from './conditions.ts';
import { bridgeName, isoVolume, nodeName, resourceName, storageId, tagName, vmid } from './names.ts';
import { quantity } from './quantity.ts';

const switchState = (text: string) => z.enum(['Enabled', 'Disabled']).optional().describe(text);

const tls = z
  .object({
    caBundle: z.string().max(65_536).optional().describe("PEM certificates of the authority that signed Proxmox' own."),
    fingerprintSHA256: z
      .string()
      .max(95)
      .regex(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/, '32 bytes in upper-case hexadecimal, separated by colons')
      .optional()
      .describe("SHA-256 fingerprint of Proxmox' certificate, for one that signs itself."),
  })
  .meta(
    cel({
      rule: 'has(self.caBundle) != has(self.fingerprintSHA256)',
      message: 'set caBundle or fingerprintSHA256: the certificate of Proxmox is always verified',
    }),
  );

const vmidRange = z
  .object({
    start: vmid().describe('First VMID that Berth may use.'),
    end: vmid().describe('Last VMID that Berth may use.'),
  })
  .meta(
    cel(
      { rule: 'self.start < self.end', message: 'start must be below end' },
      { rule: 'self.start <= oldSelf.start && self.end >= oldSelf.end', message: 'the range can only grow' },
    ),
  );

const node = z.object({
  name: nodeName().describe("The node's name in Proxmox."),
  schedulable: switchState('Whether new machines may be placed on the node. Default: Enabled.'),
  maxVMs: z.int32().min(0).max(10_000).optional().describe('Most machines of Berth on the node.'),
  maxCPU: z.int32().min(1).max(100_000).optional().describe('Most virtual CPUs of Berth on the node.'),
  maxMemory: quantity().optional().describe('Most memory of machines of Berth on the node.'),
});

const storage = z.object({
  name: storageId().describe("The storage's id in Proxmox."),
  default: switchState('Whether disks go here that name no storage. At most one is. Default: Disabled.'),
});

const bridge = z.object({
  name: bridgeName().describe("The bridge's name in Proxmox."),
  vlans: z
    .array(
      z
        .object({
          from: z.int32().min(1).max(4094).describe('First VLAN tag.'),
          to: z.int32().min(1).max(4094).describe('Last VLAN tag.'),
        })
        .meta(cel({ rule: 'self.from <= self.to', message: 'from must not be above to' })),
    )
    .max(32)
    .meta(asAtomic)
    .optional()
    .describe('VLAN tags that may be used on the bridge. Absent: any.'),
});

const iso = z.object({
  name: resourceName().describe('Name that machines use.'),
  volume: isoVolume().describe("The image's volume in Proxmox, for example local:iso/debian-12.iso."),
});

const tag = z.object({
  name: tagName().describe('The tag.'),
  color: z
    .string()
    .max(7)
    .regex(/^#[0-9a-f]{6}$/)
    .optional()
    .describe('Colour in the portal, as #rrggbb.'),
});

/** How Berth reaches a Proxmox VE cluster, and what of it people may use. */
export const proxmoxClusterSpec = z.object({
  endpoints: z
    .array(
      z
        .string()
        .max(253)
        .regex(/^https:\/\/[^/@]+$/, 'https://HOST or https://HOST:PORT'),
    )
    .min(1)
    .max(16)
    .meta(asSet)
    .describe('Addresses of the API, for example https://pve1.example.org:8006.'),
  credentialsSecretRef: z
    .object({
      name: resourceName().describe('Name of the Secret.'),
      namespace: z.string().min(1).max(63).describe('Namespace of the Secret.'),
    })
    .describe('Secret with the keys `tokenId` (user@realm!name) and `tokenSecret`.'),
  consoleCredentialsSecretRef: z
    .object({
      name: resourceName().describe('Name of the Secret.'),
      namespace: z.string().min(1).max(63).describe('Namespace of the Secret.'),
    })
    .optional()
    .describe('Secret of the token that consoles are opened with; it needs VM.Console and nothing else.'),
  tls: tls.describe('How the certificate of Proxmox is verified.'),
  poolPrefix: z
    .string()
    .min(1)
    .max(32)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'letters, digits, dots, dashes and underscores')
    .meta(cel({ rule: 'self == oldSelf', message: 'poolPrefix cannot be changed; take it out first' }))
    .optional()
    .describe('Machines are made in a pool of their namespace, which is called this and the name of the namespace.'),
  vmidRange: vmidRange.describe('VMIDs that Berth may use. Nothing else should make machines in it.'),
  nodes: z.array(node).min(1).max(64).meta(mapBy('name')).describe('Nodes that people may use.'),
  storages: z
    .array(storage)
    .min(1)
    .max(64)
    .meta({
      ...mapBy('name'),
      ...cel({
        rule: "self.filter(s, has(s.default) && s.default == 'Enabled').size() <= 1",
        message: 'at most one storage can be the default',
      }),
    })
    .describe('Storages that people may use.'),
  bridges: z.array(bridge).max(128).meta(mapBy('name')).optional().describe('Bridges that people may use.'),
  isos: z
    .array(iso)
    .max(128)
    .meta(mapBy('name'))
    .optional()
    .describe('ISO images that machines may be made from, and have in their CD-ROM drive.'),
  tags: z.array(tag).max(64).meta(mapBy('name')).optional().describe('Tags that people may use.'),
  default: switchState('Whether machines that name no cluster live here. Default: Disabled.'),
  maxConcurrentTasks: z.int32().min(1).max(64).default(8).describe('Most tasks that Berth runs at once.'),
  maxClonesPerTemplate: z.int32().min(1).max(64).default(4).describe('Most clones of one template at once.'),
  pollSeconds: z.int32().min(1).max(300).default(5).describe('How often the inventory is read.'),
  sweepSeconds: z.int32().min(10).max(86_400).default(600).describe('How often each machine is compared in full.'),
});

export type ProxmoxClusterSpec = z.infer<typeof proxmoxClusterSpec>;

/** A claim of VMID, node and capacity that a machine holds until it is seen complete in Proxmox. */
const claim = z.object({
  uid: z.string().max(36).describe('metadata.uid of the VirtualMachine.'),
  namespace: z.string().max(63).describe('Its namespace.'),
  name: z.string().max(63).describe('Its name.'),
  vmid: vmid().describe('The claimed VMID.'),
  node: z.string().max(63).describe('The claimed node.'),
  cpu: z.int32().describe('Virtual CPUs.'),
  memoryMiB: z.int32().describe('Memory in MiB.'),
});

export type Claim = z.infer<typeof claim>;

/** What was observed of a ProxmoxCluster. */
export const proxmoxClusterStatus = z.object({
  observedGeneration: observedGeneration(),
  conditions: conditions(),
  version: z.string().max(32).optional().describe('Version of Proxmox VE.'),
  quorate: z.boolean().optional().describe('Whether the Proxmox cluster has a quorum.'),
  missingPrivileges: z
    .array(z.string().max(128))
    .max(32)
    .meta(asSet)
    .optional()
    .describe('Privileges that the token lacks, as PATH: PRIVILEGE.'),
  nodes: z
    .array(
      z.object({
        name: z.string().max(63).describe("The node's name."),
        online: z.boolean().describe('Whether it is online.'),
      }),
    )
    .max(64)
    .meta(mapBy('name'))
    .optional()
    .describe('Nodes of the Proxmox cluster.'),
  isos: z
    .array(
      z.object({
        volume: z.string().max(255).describe('Its volume.'),
        sizeMiB: z.int32().min(0).optional().describe('Its size.'),
        nodes: z.array(z.string().max(63)).max(64).meta(asAtomic).describe('Approved nodes that have it.'),
      }),
    )
    .max(256)
    .meta(asAtomic)
    .optional()
    .describe('ISO images that Proxmox has, approved or not.'),
  inFlight: z
    .array(claim)
    .max(1000)
    .meta(asAtomic)
    .optional()
    .describe('Claims of machines that are being made, or that grow on a node with caps.'),
  abandoned: z
    .array(
      z.object({
        vmid: vmid().describe('The VMID.'),
        since: z.iso.datetime().describe('Since when it is out of use.'),
        reason: z.string().max(512).describe('Why.'),
        uid: z.string().max(36).optional().describe('metadata.uid of the VirtualMachine that gave it up.'),
      }),
    )
    .max(256)
    .meta(mapBy('vmid'))
    .optional()
    .describe('VMIDs that are out of use until what is left of them is removed.'),
});

export type ProxmoxClusterStatus = z.infer<typeof proxmoxClusterStatus>;

/** A Proxmox VE cluster, or a single node. */
export const proxmoxCluster = {
  kind: 'ProxmoxCluster',
  plural: 'proxmoxclusters',
  shortNames: ['pxc'],
  namespaced: false,
  description: 'ProxmoxCluster is a Proxmox VE cluster: how it is reached, and what of it people may use.',
  spec: proxmoxClusterSpec,
  status: proxmoxClusterStatus,
  rules: [],
  columns: [
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Version', type: 'string', jsonPath: '.status.version' },
    { name: 'Quorate', type: 'boolean', jsonPath: '.status.quorate' },
    { name: 'Default', type: 'string', jsonPath: '.spec.default' },
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
    { name: 'Message', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  selectableFields: [],
} as const;
