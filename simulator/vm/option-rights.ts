import { demand, demandBridge, demandOnVm } from '../auth/permissions.ts';
import { died } from '../engine/errors.ts';
import type { World } from '../engine/world.ts';
import type { Section } from '../state/types.ts';
import { isCdrom, isCloudinit, isDriveKey, parseDrive } from './drives.ts';
import { isNetKey, parseNet } from './nets.ts';

const words = (text: string): Set<string> => new Set(text.split(' '));

/** The privilege that each option needs; all others are root's [$check_vm_modify_config_perm]. */
const OPTIONS: [string, Set<string>][] = [
  ['VM.Config.CPU', words('cores cpu runningcpu cpulimit cpuunits numa smp sockets vcpus')],
  ['VM.Config.Memory', words('memory balloon shares')],
  ['VM.Config.HWType', words('acpi hotplug kvm machine runningmachine scsihw smbios1 tablet vga watchdog audio0 rng0')],
  [
    'VM.Config.Options',
    words(
      'agent autostart bios description keyboard localtime migrate_downtime migrate_speed name onboot ostype ' +
        'protection reboot startdate startup tdf template',
    ),
  ],
  ['VM.PowerMgmt', words('freeze')],
  ['VM.Config.Disk', words('boot bootdisk vmstatestorage')],
];

const CLOUDINIT = words('cicustom cipassword citype ciuser ciupgrade nameserver searchdomain sshkeys');

/** These are checked by their value, elsewhere. */
const BY_VALUE = /^(?:unused|serial|usb|hostpci|virtiofs)\d+$|^(?:cdrom|tags)$/;

/** Throws unless `authid` may change all those options. `pool` is the one that a new VM joins. */
export function demandOptions(world: World, authid: string, vmid: number, keys: string[], pool?: string): void {
  if (authid === 'root@pam') return;
  for (const key of keys) {
    if (isDriveKey(key) || BY_VALUE.test(key)) continue;
    demandOption(world, authid, vmid, key, pool);
  }
}

function demandOption(world: World, authid: string, vmid: number, key: string, pool: string | undefined): void {
  const privilege = /^numa\d+$/.test(key) ? 'VM.Config.CPU' : OPTIONS.find(([, names]) => names.has(key))?.[0];
  if (privilege !== undefined) {
    demandOnVm(world, authid, vmid, [privilege], { pool });
    if (key === 'startup') demand(world, authid, '/', ['Sys.Modify']);
  } else if (/^net\d+$/.test(key)) {
    demandOnVm(world, authid, vmid, ['VM.Config.Network'], { pool });
  } else if (CLOUDINIT.has(key) || /^ipconfig\d+$/.test(key)) {
    demandOnVm(world, authid, vmid, ['VM.Config.Cloudinit', 'VM.Config.Network'], { pool, any: true });
  } else if (key === 'vmstate') {
    demandOnVm(world, authid, vmid, ['VM.Config.Disk', 'VM.PowerMgmt'], { pool });
  } else {
    throw died(`only root can set '${key}' config`);
  }
}

/** Serial ports may be sockets for those with VM.Config.HWType; devices of the host are root's. */
export function demandDevices(world: World, authid: string, vmid: number, settings: Section, pool?: string): void {
  if (authid === 'root@pam') return;
  for (const [key, value] of Object.entries(settings)) {
    if (/^serial\d+$/.test(key) && value !== 'socket') {
      throw died(`only root can set '${key}' config for real devices`);
    }
    if (/^usb\d+$/.test(key) && !/(?:^|,)(?:host=)?spice(?:,|$)/i.test(value) && !value.includes('mapping=')) {
      throw died(`only root can set '${key}' config for real devices`);
    }
    if (/^hostpci\d+$/.test(key) && !value.includes('mapping=')) {
      throw died(`only root can set '${key}' config for non-mapped devices`);
    }
    if (/^(?:serial|usb|hostpci)\d+$/.test(key)) demandOnVm(world, authid, vmid, ['VM.Config.HWType'], { pool });
  }
}

/** What changing a drive needs, by what the drive is. */
export function demandDriveChange(world: World, authid: string, vmid: number, key: string, value: string): void {
  const drive = parseDrive(world.release, key, value);
  if (isCloudinit(drive)) demandOnVm(world, authid, vmid, ['VM.Config.Cloudinit', 'VM.Config.CDROM']);
  else if (isCdrom(drive, true)) demandOnVm(world, authid, vmid, ['VM.Config.CDROM']);
  else demandOnVm(world, authid, vmid, ['VM.Config.Disk']);
}

/** The right to use the bridges, and VLANs, of all cards. */
export function demandBridges(world: World, authid: string, set: Section): void {
  for (const key of Object.keys(set).filter(isNetKey).sort()) {
    const { bridge, tag } = parseNet(world.release, set[key] ?? '').options;
    if (bridge !== undefined) demandBridge(world, authid, bridge, tag);
  }
}
