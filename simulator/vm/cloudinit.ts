import { createHash } from 'node:crypto';
import { died } from '../engine/errors.ts';
import type { World } from '../engine/world.ts';
import type { Section, VmState } from '../state/types.ts';
import { pathOf } from '../storage/layout.ts';
import { findVolume, parseVolid } from '../storage/volumes.ts';
import { drivesOf, isCloudinit } from './drives.ts';
import { isNetKey, parseNet } from './nets.ts';

/** What the image is made from; a change to these is remembered until it is made anew. */
const RECORDED = new Set('cicustom cipassword citype ciuser ciupgrade nameserver searchdomain sshkeys name'.split(' '));

/** The options that GET cloudinit lists; the addresses are not among them. */
export const CLOUDINIT_OPTIONS = 'cicustom cipassword citype ciuser ciupgrade nameserver searchdomain sshkeys'.split(
  ' ',
);

/** Whether the VM has a cloud-init drive. */
export function hasCloudinit(world: World, section: Section): boolean {
  return drivesOf(world.release, section).some(isCloudinit);
}

/** Throws if the image cannot be made from the snippets that it is to have [read_cloudinit_snippets_file]. */
export function demandSnippets(world: World, vm: VmState): void {
  const { cicustom = '' } = vm.config.current;
  for (const part of cicustom.split(',').filter(item => item !== '')) {
    const volid = part.slice(part.indexOf('=') + 1);
    const { storage, name, content } = parseVolid(world, volid);
    if (content !== 'snippets') throw died(`${volid} is not in the snippets directory`);
    if (findVolume(world, vm.node, volid) === undefined) {
      throw died(`can't open '${pathOf(storage, name)}' - No such file or directory`);
    }
  }
}

/** The image is made from the current configuration: nothing differs from it any more. */
export function regenerateCloudinit(vm: VmState): void {
  vm.config.cloudinit = {};
}

/** Notes how the running VM's image differs from its configuration [$cloudinit_record_changed]. */
export function recordCloudinitChange(
  vm: VmState,
  key: string,
  old: string | undefined,
  value: string | undefined,
): void {
  if (!RECORDED.has(key) && !/^(?:ipconfig|net)\d+$/.test(key)) return;
  const { added: list = '', ...recorded } = vm.config.cloudinit;
  const added = new Set(list.split(',').filter(name => name !== ''));
  if (value !== undefined && recorded[key] !== undefined) {
    if (value === recorded[key]) delete recorded[key];
  } else if (added.has(key)) {
    if (value === undefined) added.delete(key);
  } else if (old !== undefined && recorded[key] === undefined) {
    recorded[key] = old;
  } else if (value !== undefined && old === undefined) {
    added.add(key);
  }
  const names = [...added].sort().join(',');
  vm.config.cloudinit = names === '' ? recorded : { ...recorded, added: names };
}

/** One of the three files of the image, as text. */
export function renderCloudinit(vm: VmState, type: string, world: World): string {
  const section = vm.config.current;
  if (type === 'user') return renderUser(vm, section);
  if (type === 'network') return renderNetwork(world, section);
  const id = createHash('sha1')
    .update(renderUser(vm, section) + renderNetwork(world, section))
    .digest('hex');
  return `instance-id: ${id}\n`;
}

function renderUser(vm: VmState, section: Section): string {
  const host = section.name ?? `VM${vm.vmid}`;
  const [short = host] = host.split('.');
  const domain = host.includes('.') ? host : section.searchdomain && `${host}.${section.searchdomain}`;
  const lines = ['#cloud-config', `hostname: ${short}`, 'manage_etc_hosts: true'];
  if (domain) lines.push(`fqdn: ${domain}`);
  if (section.ciuser !== undefined) lines.push(`user: ${section.ciuser}`);
  else lines.push('disable_root: False');
  if (section.cipassword !== undefined) lines.push(`password: ${section.cipassword}`);
  if (section.sshkeys !== undefined) {
    const keys = decodeURIComponent(section.sshkeys)
      .split('\n')
      .filter(key => key.trim() !== '');
    lines.push('ssh_authorized_keys:', ...keys.map(key => `  - ${key}`));
  }
  lines.push('chpasswd:', '  expire: False');
  if (section.ciuser !== 'root') lines.push('users:', '  - default');
  if (section.ciupgrade !== '0') lines.push('package_upgrade: true');
  return `${lines.join('\n')}\n`;
}

function renderNetwork(world: World, section: Section): string {
  const lines = ['version: 1', 'config:'];
  for (const key of Object.keys(section).filter(isNetKey).sort()) {
    const ipconfig = section[key.replace('net', 'ipconfig')];
    if (ipconfig === undefined) continue;
    const { macaddr = '' } = parseNet(world.release, section[key] ?? '');
    lines.push(
      '    - type: physical',
      `      name: eth${key.slice(3)}`,
      `      mac_address: '${macaddr.toLowerCase()}'`,
    );
    lines.push('      subnets:', ...subnets(ipconfig));
  }
  if (section.nameserver !== undefined || section.searchdomain !== undefined) {
    lines.push('    - type: nameserver');
    if (section.nameserver !== undefined) {
      lines.push('      address:', ...section.nameserver.split(/\s+/).map(address => `      - '${address}'`));
    }
    if (section.searchdomain !== undefined) {
      lines.push('      search:', ...section.searchdomain.split(/\s+/).map(domain => `      - '${domain}'`));
    }
  }
  return `${lines.join('\n')}\n`;
}

function subnets(ipconfig: string): string[] {
  const options = Object.fromEntries(ipconfig.split(',').map(part => part.split('=') as [string, string]));
  const lines: string[] = [];
  if (options.ip === 'dhcp') lines.push('      - type: dhcp4');
  else if (options.ip !== undefined) lines.push(...staticSubnet(options.ip, options.gw));
  if (options.ip6 === 'auto') lines.push('      - type: ipv6_slaac');
  else if (options.ip6 === 'dhcp') lines.push('      - type: dhcp6');
  else if (options.ip6 !== undefined) {
    lines.push('      - type: static6', `        address: '${options.ip6}'`);
    if (options.gw6 !== undefined) lines.push(`        gateway: '${options.gw6}'`);
  }
  return lines;
}

function staticSubnet(cidr: string, gateway: string | undefined): string[] {
  const [address = '', bits = '32'] = cidr.split('/');
  const lines = [
    '      - type: static',
    `        address: '${address}'`,
    `        netmask: '${netmask(Number(bits))}'`,
  ];
  if (gateway !== undefined) lines.push(`        gateway: '${gateway}'`);
  return lines;
}

function netmask(bits: number): string {
  const octet = (index: number) => 256 - 2 ** (8 - Math.min(8, Math.max(0, bits - 8 * index)));
  return [0, 1, 2, 3].map(octet).join('.');
}
