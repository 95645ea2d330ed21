import { isIPv4, isIPv6 } from 'node:net';
import { splitList } from './lists.ts';
import type { Release } from './parameter.ts';
import { privileges } from './privileges.ts';

/** What is wrong with a value, as the real check words it, or undefined. */
type Check = (value: string, release: Release) => string | undefined;

/** A pattern of the whole value; the message may name the value. */
function matching(pattern: RegExp, message: string | ((value: string) => string)): Check {
  const whole = new RegExp(`^(?:${pattern.source})$`, pattern.flags);
  return value => (whole.test(value) ? undefined : typeof message === 'string' ? message : message(value));
}

function passing(test: (value: string) => boolean, message: string | ((value: string) => string)): Check {
  return value => (test(value) ? undefined : typeof message === 'string' ? message : message(value));
}

const DNS_NAME = /(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?/i;
const USER = /[^\s:/]+/;
const REALM = /[A-Za-z][A-Za-z0-9.\-_]+/;
const VOLUME = /[a-zA-Z][a-zA-Z0-9\-_.]*[a-zA-Z0-9]:.+/;
const DRIVE = /ide[0-3]|sata[0-5]|scsi(?:[12]?\d|30)|virtio(?:\d|1[0-5])/;
const EMAIL_USER = /[\w+\-~]+(?:\.[\w+\-~]+)*/;
const EMAIL = new RegExp(`${EMAIL_USER.source}@[a-zA-Z0-9-]+(?:\\.[a-zA-Z0-9-]+)*`);
const CONTENT = ['backup', 'images', 'import', 'iso', 'none', 'rootdir', 'snippets', 'vztmpl'];
const HOTPLUG = ['network', 'disk', 'cpu', 'memory', 'usb', 'cloudinit'];

// `%eth0` is a zone, which no address in the API has.
const isIp6 = (value: string) => isIPv6(value) && !value.includes('%');
const isIp = (value: string) => isIPv4(value) || isIp6(value);
const isDnsName = (value: string) => new RegExp(`^${DNS_NAME.source}$`, 'i').test(value);
// The real check takes the name that it found for a truth, and `0` is none to Perl.
const isAddress = (value: string) => value !== '0' && (isIp(value) || isDnsName(value));
const isCidr4 = (value: string) => isCidr(value, isIPv4, 32);
const isCidr6 = (value: string) => isCidr(value, isIp6, 128);

/** Networks wider than /8 are refused. */
function isCidr(value: string, isAddressOfFamily: (value: string) => boolean, bits: number): boolean {
  const [, address = '', mask] = /^(.*)\/(\d+)$/.exec(value) ?? [];
  return isAddressOfFamily(address) && Number(mask) > 7 && Number(mask) <= bits;
}

/** An identifier of two characters or more, with a letter in front; from 9 on the short ones have a message of their own. */
function id(kind: string): Check {
  const shape = matching(/[a-z][a-z0-9\-_.]*[a-z0-9]/i, value => `${kind} ID '${value}' contains illegal characters\n`);
  return (value, release) =>
    value.length < 2 && release !== '8.4'
      ? `${kind} ID '${value}' cannot be shorter than 2 characters\n`
      : shape(value, release);
}

/** One entry of a map from source to target; each level of the real check adds a line's end to the message. */
function pair(of: string): Check {
  return (value, release) => {
    if (value === '1') return undefined;
    const [, source, target] = /^([^:]+):([^:]+)$/.exec(value) ?? [];
    const ids = source !== undefined && target !== undefined ? [source, target] : [value];
    const wrong = ids.map(each => checkFormat(of, each, release)).find(message => message !== undefined);
    return wrong && `entry '${value}' contains invalid ID - ${wrong}\n\n`;
  };
}

/** Names in a software-defined network had checks of their own before 9.0. */
function sdnId(kind: string): Check {
  const shape = matching(/[a-z][a-z0-9]*[a-z0-9]/i, value => `${kind} ID '${value}' contains illegal characters\n`);
  return (value, release) =>
    shape(value, release) ??
    (value.length > 8 && (kind === 'zone' || kind === 'vnet')
      ? `${kind} ID '${value}' can't be more length than 8 characters\n`
      : undefined);
}

const FORMATS: Record<string, Check> = {
  string: () => undefined,
  urlencoded: matching(/[-%a-zA-Z0-9_.!~*'()]*/, value => `invalid urlencoded string: ${value}\n`),
  'pve-configid': matching(/[a-z][a-z0-9_-]+/i, value => `invalid configuration ID '${value}'\n`),
  'pve-storage-id': id('storage'),
  'acme-plugin-id': id('ACME plugin'),
  'pve-bridge-id': matching(/[-_.\w]+/, value => `invalid bridge ID '${value}'\n`),
  'pve-vmid': matching(/[1-9]\d{2,8}/, 'value does not look like a valid VM ID\n'),
  'pve-node': matching(/[a-z0-9](?:[a-z0-9-]*[a-z0-9])?/i, 'value does not look like a valid node name\n'),
  'storage-pair': pair('pve-storage-id'),
  'bridge-pair': pair('pve-bridge-id'),
  'pve-iface': matching(/[a-z]\w{1,20}(?:[:.]\d+)?/i, value => `invalid network interface name '${value}'\n`),
  'mac-addr': matching(
    /[a-f0-9][02468ace](?::[a-f0-9]{2}){5}/i,
    'value does not look like a valid unicast MAC address\n',
  ),
  'mac-prefix': matching(
    /[a-f0-9][02468ace](?::[a-f0-9]{2}){0,2}(?::[a-f0-9]?)?/i,
    'value is not a valid unicast MAC address prefix\n',
  ),
  ipv4: passing(isIPv4, 'value does not look like a valid IPv4 address\n'),
  ipv6: passing(isIp6, 'value does not look like a valid IPv6 address\n'),
  ip: passing(isIp, 'value does not look like a valid IP address\n'),
  CIDRv4: passing(isCidr4, 'value does not look like a valid IPv4 CIDR network\n'),
  CIDRv6: passing(isCidr6, 'value does not look like a valid IPv6 CIDR network\n'),
  CIDR: passing(value => isCidr4(value) || isCidr6(value), 'value does not look like a valid CIDR network\n'),
  'pve-ipv4-config': passing(
    value => ['dhcp', 'manual'].includes(value) || isCidr4(value),
    'value does not look like a valid ipv4 network configuration\n',
  ),
  'pve-ipv6-config': passing(
    value => ['auto', 'dhcp', 'manual'].includes(value) || isCidr6(value),
    'value does not look like a valid ipv6 network configuration\n',
  ),
  address: passing(isAddress, value => `value does not look like a valid address: ${value}\n`),
  'dns-name': passing(isDnsName, 'value does not look like a valid DNS name\n'),
  email: matching(EMAIL, 'value does not look like a valid email address\n'),
  'email-or-username': matching(
    new RegExp(`${EMAIL.source}|${EMAIL_USER.source}`),
    'value does not look like a valid email address or user name\n',
  ),
  'ldap-simple-attr': matching(
    /[a-zA-Z0-9]+/,
    value => `value '${value}' does not look like a simple ldap attribute name\n`,
  ),
  'disk-size': matching(
    /\d+(?:\.\d+)?(?:[KMGT](?:iB)?)?/,
    value => `value does not look like a valid disk size: ${value}\n`,
  ),
  'pve-startup-order': passing(isStartupOrder, 'unable to parse startup options\n'),
  'pve-tag': matching(/[a-z0-9_][a-z0-9_\-+.]*/i, 'invalid characters in tag\n'),
  'pve-task-status-type': matching(/ok|error|warning|unknown/i, value => `invalid status '${value}'\n`),

  'pve-groupid': matching(/[A-Za-z0-9.\-_]+/, value => `group name '${value}' contains invalid characters\n`),
  'pve-roleid': matching(/[A-Za-z0-9.\-_]+/, value => `role name '${value}' contains invalid characters\n`),
  'pve-poolid': value => checkPool(value),
  'pve-priv': (value, release) => (privileges(release).includes(value) ? undefined : `invalid privilege '${value}'\n`),
  'pve-realm': matching(REALM, 'value does not look like a valid realm\n'),
  'pve-userid': value => checkUser(value),
  'pve-tokenid': matching(
    new RegExp(`${USER.source}@${REALM.source}!${REALM.source}`),
    value => `value '${value}' does not look like a valid token ID\n`,
  ),

  'pve-storage-path': matching(/\/[^;()]+[\s\S]*/, 'value does not look like a valid absolute path\n'),
  'pve-storage-server': passing(isAddress, 'value does not look like a valid server name or IP address\n'),
  'pve-storage-vgname': matching(
    /[a-z0-9][a-z0-9\-_.]*[a-z0-9]/i,
    value => `lvm name '${value}' contains illegal characters\n`,
  ),
  'pve-storage-content': passing(
    value => CONTENT.includes(value),
    value => `invalid content type '${value}'\n`,
  ),
  'pve-storage-format': matching(/raw|qcow2|vmdk|subvol/, value => `invalid format '${value}'\n`),
  'pve-storage-options': matching(/\S+/, value => `invalid options '${value}'\n`),
  'pve-volume-id': matching(VOLUME, value => `unable to parse volume ID '${value}'\n`),

  'pve-cpuset': passing(isCpuSet, 'unable to parse cpuset option\n'),
  'pve-phys-bits': matching(/host|0?[89]|[1-5]\d|6[0-4]/, "value must be an integer between 8 and 64 or 'host'\n"),
  'pve-volume-id-or-qm-path': matching(
    new RegExp(`none|cdrom|/[^]*|${VOLUME.source}`),
    value => `unable to parse volume ID '${value}'\n`,
  ),
  'pve-volume-id-or-absolute-path': matching(
    new RegExp(`/[^]*|${VOLUME.source}`),
    value => `unable to parse volume ID '${value}'\n`,
  ),
  'pve-qm-bootdev': matching(
    new RegExp(`${DRIVE.source}|net(?:[12]?\\d|3[01])|usb(?:\\d|1[0-3])|hostpci(?:\\d|1[0-5])`),
    value => `invalid boot device '${value}'\n`,
  ),
  'pve-qm-bootdisk': matching(
    new RegExp(`${DRIVE.source}|efidisk0|tpmstate0`),
    value => `invalid boot disk '${value}'\n`,
  ),
  'pve-hotplug-features': value => {
    const unknown = value === '1' || value === '0' ? undefined : splitList(value).find(each => !HOTPLUG.includes(each));
    return unknown && `invalid hotplug feature '${unknown}'\n`;
  },

  'pve-ha-resource-id': matching(/[a-z]+:\S+/, 'value does not look like a valid ha resource id\n'),
  'pve-ha-resource-or-vm-id': matching(/[a-z]+:\S+|\d+/, 'value does not look like a valid ha resource id\n'),
  'pve-ha-node': matching(/[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?::\d+)?/i, 'value does not look like a valid ha node\n'),
  'pve-ha-group-node': matching(
    /[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?::\d+)?/i,
    'value does not look like a valid ha group node\n',
  ),
  'pve-acme-domain': matching(
    /[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9][a-z0-9_-]*)+/i,
    value => `value '${value}' does not look like a valid domain name!\n`,
  ),
  'pve-acme-alias': matching(
    /[a-z0-9_][a-z0-9_-]*(?:\.[a-z0-9_][a-z0-9_-]*)+/i,
    value => `value '${value}' does not look like a valid alias name!\n`,
  ),
  'pve-sdn-zone-id': sdnId('zone'),
  'pve-sdn-vnet-id': sdnId('vnet'),
  'pve-sdn-controller-id': sdnId('controller'),
  'pve-sdn-dns-id': sdnId('dns'),
  'pve-sdn-ipam-id': sdnId('ipam'),
};

/** Formats of routes that the simulator does not serve, whose values are not looked at. */
const OPAQUE = new Set(
  `IPorCIDR IPorCIDRorAlias graphite-path ipv4mask lxc-ip-with-ll-iface pem-certificate pem-certificate-chain
  pem-string pve-calendar-event pve-command-batch pve-ct-timezone pve-day-of-week pve-dir-override pve-fw-addr-spec
  pve-fw-conntrack-helper pve-fw-dport-spec pve-fw-icmp-type-spec pve-fw-protocol-spec pve-fw-sport-spec
  pve-lxc-dev-string pve-lxc-mp-string pve-replication-job-id pve-sdn-bgp-rt pve-sdn-fabric-id pve-sdn-isis-net
  pve-sdn-subnet-id pve-sdn-vlanrange pve-sdn-vxlanrange pve-storage-path-in-property-string pve-storage-portal-dns
  pve-storage-zfs-blocksize pve-tfa-secret pve-vlan-id-or-range timezone`.split(/\s+/),
);

/**
 * Checks a value against a format by its name, where `-list` checks each element and `-opt` lets the empty value pass.
 * @returns What is wrong, ending in a line's end as it does in the real message, or undefined.
 * @throws Error for a name that is no format.
 */
export function checkFormat(format: string, value: string, release: Release): string | undefined {
  const [, name = format, kind] = /^(.*)-(list|opt)$/.exec(format) ?? [];
  const check = FORMATS[name];
  if (!check) {
    if (OPAQUE.has(name)) return undefined;
    throw new Error(`undefined format '${format}'`);
  }
  if (kind === 'opt' && (value === '' || value === '0')) return undefined;
  const values = kind === 'list' ? splitList(value) : [value];
  return values.map(each => check(each, release)).find(message => message !== undefined);
}

function isStartupOrder(value: string): boolean {
  const part = /^(?:(?:order=)?\d+|up=\d+|down=\d+|\s*)$/;
  return value !== '' && value !== '0' && value.split(',').every(each => part.test(each));
}

/** Empty parts at the end do not count, so that nothing at all is a set too. */
function isCpuSet(value: string): boolean {
  const parts = value.replace(/,+$/, '').split(',');
  const isPart = (part: string) => {
    const [, from, to = from] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part) ?? [];
    return from !== undefined && Number(to) >= Number(from);
  };
  return parts.join('') === '' ? parts.length === 1 : parts.every(isPart);
}

function checkPool(value: string): string | undefined {
  if (value.replace(/\/+$/, '').split('/').length > 3) {
    return `pool name '${value}' nested too deeply (max levels = 3)\n`;
  }
  const levels = /^[A-Za-z0-9.\-_]+(?:\/[A-Za-z0-9.\-_]+){0,2}$/;
  return levels.test(value) ? undefined : `pool name '${value}' contains invalid characters\n`;
}

function checkUser(given: string): string | undefined {
  // `0` is no truth to Perl.
  const value = given === '0' ? '' : given;
  const { length } = value;
  if (length < 3) return `user name '${value}' is too short\n`;
  if (length > 64) return `user name '${value}' is too long (${length} > 64)\n`;
  const user = new RegExp(`^${USER.source}@${REALM.source}$`);
  return user.test(value) ? undefined : `value '${value}' does not look like a valid user name\n`;
}
