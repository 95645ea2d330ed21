import { z } from 'zod';
import { cel, immutable, mapBy } from './cel.ts';
import { bridgeName, dnsLabelPattern, storageId } from './names.ts';
import { quantity } from './quantity.ts';

/**
 * A disk's or network's name. 20 characters at most: a disk's name is also its serial number in the guest
 * (`/dev/disk/by-id/…`), and QEMU takes no longer one.
 */
const deviceName = () => z.string().min(1).max(20).regex(dnsLabelPattern, 'a DNS label');

/** A disk of a VirtualMachine. `root` is the template's first boot disk; every other one, and that of a machine from an ISO image, is made empty. */
const disk = z.object({
  name: deviceName().describe('Name of the disk; `root` is the disk that the machine boots from.'),
  size: quantity()
    .meta(
      cel({
        rule: '!quantity(self).isLessThan(quantity(oldSelf))',
        messageExpression: "'a disk can only grow: it is ' + oldSelf + ' now, ' + self + ' was asked for'",
        reason: 'FieldValueForbidden',
      }),
    )
    .describe('Size, for example 20Gi. A disk can grow and never shrinks.'),
  storage: storageId()
    .meta(immutable('the storage of a disk'))
    .optional()
    .describe("Storage that holds the disk. Default: the template's for root, else the cluster's default storage."),
  bus: z
    .enum(['Scsi', 'Virtio', 'Sata'])
    .meta(immutable('the bus of a disk'))
    .optional()
    .describe(
      'How a disk that is made empty is attached: Scsi (the default), Virtio or Sata. Of no effect on the root of a clone.',
    ),
});

const address = z
  .object({
    method: z.enum(['DHCP', 'Static', 'SLAAC']).describe('How the address is found: DHCP, Static or SLAAC (IPv6).'),
    address: z.string().max(49).optional().describe('Address with its prefix length, for example 192.0.2.10/24.'),
    gateway: z.string().max(45).optional().describe('Address of the gateway.'),
  })
  .meta(
    cel(
      {
        rule: "(self.method == 'Static') == has(self.address)",
        message: 'address goes with method Static, and only with it',
      },
      {
        rule: '!has(self.address) || isCIDR(self.address)',
        message: 'address must have a prefix length, as 192.0.2.10/24',
      },
      { rule: '!has(self.gateway) || isIP(self.gateway)', message: 'gateway must be an IP address' },
      { rule: "!has(self.gateway) || self.method == 'Static'", message: 'gateway goes with method Static only' },
    ),
  );

/** A network interface of a VirtualMachine. Its place in the list is its place in the machine. */
export const network = z.object({
  name: deviceName().describe('Name of the interface.'),
  bridge: bridgeName().describe('Bridge of the Proxmox node, one of those that the ProxmoxCluster approves.'),
  vlan: z.int32().min(1).max(4094).optional().describe('VLAN tag.'),
  model: z.enum(['Virtio', 'E1000']).optional().describe('Network card that the guest sees. Default: Virtio.'),
  mac: z
    .string()
    .max(17)
    .regex(/^[0-9A-F][02468ACE](:[0-9A-F]{2}){5}$/, 'a unicast address in upper case, as BC:24:11:00:00:01')
    .meta(immutable('the mac of a network'))
    .optional()
    .describe('Hardware address. Default: the one that Proxmox made; it is kept.'),
  rateMbps: z.int32().min(1).max(100_000).optional().describe('Limit of the rate, in MB/s as Proxmox counts it.'),
  mtu: z.int32().min(576).max(65_520).optional().describe("MTU. Default: the bridge's."),
  firewall: z.enum(['Enabled', 'Disabled']).optional().describe("Proxmox' firewall on this card. Default: Enabled."),
  link: z.enum(['Up', 'Down']).optional().describe('Whether the cable is plugged in. Default: Up.'),
  addresses: z
    .array(address)
    .max(2)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Addresses that cloud-init sets: at most one of IPv4 and one of IPv6.'),
});

export type Network = z.infer<typeof network>;

/** The disks of a VirtualMachine. */
export const disks = () =>
  z
    .array(disk)
    .min(1)
    .max(16)
    .meta({
      ...mapBy('name'),
      ...cel(
        { rule: "self.exists(d, d.name == 'root')", message: 'there must be a disk named root' },
        {
          rule: 'oldSelf.all(o, self.exists(d, d.name == o.name))',
          message: 'a disk cannot be taken away again',
          reason: 'FieldValueForbidden',
        },
      ),
    })
    .describe('Disks of the machine, by name.');

/** The network interfaces of a VirtualMachine. */
export const networks = () =>
  z
    .array(network)
    .max(8)
    .meta({
      ...mapBy('name'),
      ...cel({
        rule: 'oldSelf.all(o, self.exists(n, n.name == o.name))',
        message: 'a network cannot be taken away again; set its link to Down',
        reason: 'FieldValueForbidden',
      }),
    })
    .optional()
    .describe('Network interfaces, in order. Absent: as the template has them.');
