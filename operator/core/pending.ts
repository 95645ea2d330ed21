import type { Observed } from './observed.ts';

/** What of the spec each of Proxmox' keys is. */
const settings: Record<string, string> = {
  cores: 'resources.cpu',
  sockets: 'resources.sockets',
  memory: 'resources.memory',
  agent: 'guestAgent',
  onboot: 'startAtBoot',
  boot: 'bootOrder',
};

/** Most settings that a status names; the limit of the list in the CRD. */
const mostSettings = 32;

/** The settings of a machine that take effect at its next restart, or undefined where there are none. */
export function restartRequiredFor({ vm, config, pending, power }: Observed): string[] | undefined {
  if (power === 'Stopped') return undefined;
  if (pending === undefined) return vm.status?.restartRequiredFor;
  const named = pending.map(key => {
    const nic = /^net(\d+)$/.exec(key)?.[1];
    if (config?.found && config.config.cdroms.some(drive => drive.key === key)) return 'cdrom';
    const disk = config?.found ? config.config.disks.find(found => found.key === key) : undefined;
    if (nic !== undefined) return `networks[${vm.spec.networks?.[Number(nic)]?.name ?? key}]`;
    return disk ? `disks[${disk.root ? 'root' : (disk.serial ?? key)}]` : (settings[key] ?? key);
  });
  const distinct = [...new Set(named)].sort().slice(0, mostSettings);
  return distinct.length > 0 ? distinct : undefined;
}

/**
 * Whether Proxmox must be asked what waits for a restart: a machine that is not off was just written to, or has had
 * something that waits.
 */
export function asksForPending({ vm, configured, pending, power }: Observed): boolean {
  const { powerState, createdAt, restartRequiredFor: known = [] } = vm.status ?? {};
  if (pending !== undefined || createdAt === undefined || (power ?? powerState) === 'Stopped') return false;
  return configured === true || known.length > 0 || wasHeldUp(vm);
}

/** A write whose outcome was not told yet: its pass ended before. */
const wasHeldUp = ({ status }: Observed['vm']): boolean =>
  status?.conditions?.some(({ type, reason }) => type === 'ConfigSynced' && reason === 'Configuring') ?? false;
