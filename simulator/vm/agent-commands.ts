import { died } from '../engine/errors.ts';
import type { World } from '../engine/world.ts';
import type { VmState } from '../state/types.ts';
import { findVolume } from '../storage/volumes.ts';
import { drivesOf, isCdrom } from './drives.ts';
import { isNetKey, parseNet } from './nets.ts';
import { cpusOf } from './statistics.ts';

/** What a Linux guest's agent answers to a command without parameters. */
export function agentAnswer(world: World, vm: VmState, command: string): unknown {
  const answer = ANSWERS[command];
  if (answer === undefined) throw died(`Agent error: The command guest-${command} has not been found`);
  return answer(world, vm);
}

const ANSWERS: Record<string, (world: World, vm: VmState) => unknown> = {
  ping: () => ({}),
  info: () => ({ version: '7.2.22', supported_commands: COMMANDS }),
  'get-osinfo': () => OS,
  'get-host-name': (_, vm) => ({ 'host-name': hostName(vm) }),
  'get-time': world => world.clock.now() * 1_000_000,
  'get-timezone': () => ({ zone: 'UTC', offset: 0 }),
  'get-users': () => [],
  'get-vcpus': (world, vm) =>
    Array.from({ length: cpusOf(world, vm) }, (_, id) => ({ 'logical-id': id, 'can-offline': id > 0, online: true })),
  'get-memory-blocks': () => [{ 'phys-index': 0, 'can-offline': false, online: true }],
  'get-memory-block-info': () => ({ size: 134_217_728 }),
  'get-fsinfo': fileSystems,
  'network-get-interfaces': interfaces,
  'fsfreeze-status': () => 'thawed',
  'fsfreeze-freeze': () => 1,
  'fsfreeze-thaw': () => 1,
  fstrim: () => ({ paths: [{ minimum: 0, path: '/', trimmed: 2_680_053_760 }] }),
  shutdown: (world, vm) => {
    powerOff(world, vm);
    return {};
  },
};

const COMMANDS =
  `sync sync-delimited ping get-time set-time info shutdown file-open file-close file-read file-write file-seek
  file-flush fsfreeze-status fsfreeze-freeze fsfreeze-freeze-list fsfreeze-thaw fstrim suspend-disk suspend-ram
  suspend-hybrid network-get-interfaces get-vcpus set-vcpus get-disks get-fsinfo set-user-password get-memory-blocks
  set-memory-blocks get-memory-block-info exec exec-status get-host-name get-users get-timezone get-osinfo get-devices
  ssh-get-authorized-keys ssh-add-authorized-keys ssh-remove-authorized-keys get-diskstats get-cpustats`
    .split(/\s+/)
    .map(name => ({
      name: `guest-${name}`,
      enabled: name !== 'get-devices',
      'success-response': !/^(?:shutdown|suspend-)/.test(name),
    }));

const OS = {
  id: 'debian',
  name: 'Debian GNU/Linux',
  'pretty-name': 'Debian GNU/Linux 12 (bookworm)',
  version: '12 (bookworm)',
  'version-id': '12',
  machine: 'x86_64',
  'kernel-release': '6.1.0-50-cloud-amd64',
  'kernel-version': '#1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-07-02)',
};

function hostName(vm: VmState): string {
  return (vm.config.current.name ?? `VM${vm.vmid}`).split('.')[0] ?? '';
}

function powerOff(world: World, vm: VmState): void {
  world.clock.at(world.clock.now() + vm.guest.shutdownMs, () => {
    delete vm.run;
  });
}

function fileSystems(world: World, vm: VmState): unknown[] {
  const disks = drivesOf(world.release, vm.config.current).filter(drive => !isCdrom(drive));
  const root = disks[0];
  const size = root === undefined ? 0 : (findVolume(world, vm.node, root.file)?.volume.size ?? 0);
  if (root === undefined) return [];
  return [
    {
      name: 'sda1',
      mountpoint: '/',
      type: 'ext4',
      'total-bytes': Math.floor(size * 0.92),
      'used-bytes': 449_843_200,
      disk: [
        {
          'bus-type': 'scsi',
          bus: 0,
          target: 0,
          unit: 0,
          dev: '/dev/sda1',
          serial: `0QEMU_QEMU_HARDDISK_drive-${root.key}`,
          'pci-controller': { domain: 0, bus: 1, slot: 1, function: 0 },
        },
      ],
    },
  ];
}

interface Address {
  'ip-address': string;
  'ip-address-type': 'ipv4' | 'ipv6';
  prefix: number;
}

function interfaces(world: World, vm: VmState): unknown[] {
  const { current } = vm.config;
  const nets = Object.keys(current).filter(isNetKey).sort();
  return [
    card('lo', '00:00:00:00:00:00', [address('127.0.0.1/8'), address('::1/128')]),
    ...nets.map((key, index) => {
      const mac = parseNet(world.release, current[key] ?? '').macaddr?.toLowerCase() ?? '';
      const given = vm.guest.addresses?.[key] ?? configured(vm, key);
      return card(`eth${index}`, mac, [...given.map(address), address(`${linkLocal(mac)}/64`)]);
    }),
  ];
}

function card(name: string, mac: string, addresses: Address[]): unknown {
  return { name, 'hardware-address': mac, 'ip-addresses': addresses, statistics: STATISTICS };
}

const STATISTICS = {
  'rx-bytes': 0,
  'rx-dropped': 0,
  'rx-errs': 0,
  'rx-packets': 0,
  'tx-bytes': 0,
  'tx-dropped': 0,
  'tx-errs': 0,
  'tx-packets': 0,
};

function address(cidr: string): Address {
  const [ip = '', prefix] = cidr.split('/');
  const isV6 = ip.includes(':');
  const bits = prefix === undefined ? (isV6 ? 64 : 24) : Number(prefix);
  return { 'ip-address': ip, 'ip-address-type': isV6 ? 'ipv6' : 'ipv4', prefix: bits };
}

/** Static addresses as cloud-init set them; from DHCP one that is the VMID's own in 10.0.0.0/8. */
function configured(vm: VmState, key: string): string[] {
  const text = vm.config.current[key.replace('net', 'ipconfig')] ?? 'ip=dhcp';
  const options = Object.fromEntries(text.split(',').map(part => part.split('=') as [string, string]));
  const { ip, ip6 } = options;
  const lease = `10.${(vm.vmid >> 16) & 255}.${(vm.vmid >> 8) & 255}.${vm.vmid & 255}/8`;
  const v4 = ip === 'dhcp' ? [lease] : ip === undefined ? [] : [ip];
  const v6 = ip6 === undefined || ip6 === 'auto' || ip6 === 'dhcp' ? [] : [ip6];
  return [...v4, ...v6];
}

/** The EUI-64 address that IPv6 makes of a MAC. */
function linkLocal(mac: string): string {
  const bytes = mac.split(':').map(part => Number.parseInt(part, 16));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes;
  const groups = [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f];
  return `fe80::${groups.map(group => group.toString(16)).join(':')}`;
}
