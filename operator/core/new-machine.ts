import type { VirtualMachine } from '#api/kinds.ts';
import type { ProxmoxClusterSpec } from '#api/proxmox-cluster.ts';
import type { Finding } from './decision.ts';
import { configChange } from './desired-config.ts';
import type { MachineConfig, NewMachine } from './machine.ts';
import type { Marker } from './marker.ts';

/** A machine that has nothing yet. */
export const blank: MachineConfig = {
  digest: '',
  description: '',
  cores: 0,
  sockets: 0,
  memoryMiB: 0,
  tags: [],
  protection: false,
  startAtBoot: false,
  agent: { enabled: false, options: [] },
  foreignKeys: [],
  disks: [],
  cdroms: [],
  boot: [],
  nics: [],
  cloudInit: { sshKeys: [], nameservers: [], addresses: {}, hasPassword: false },
};

/**
 * Everything about a machine that is made from an ISO image: what a write would have to change about one that has
 * nothing. So the configuration that comes of it is as desired, and no write follows. Or why it cannot be made.
 */
export function newMachine(
  vm: VirtualMachine,
  { marker, storages, isos }: { marker: Marker } & Pick<ProxmoxClusterSpec, 'storages' | 'isos'>,
): NewMachine | Finding {
  const defaultStorage = defaultOf(storages);
  const unplaced = vm.spec.disks.find(({ storage = defaultStorage }) => storage === undefined);
  if (unplaced) {
    const message = `spec.disks[${unplaced.name}].storage: name one, since the ProxmoxCluster has no default storage.`;
    return { reason: 'InvalidSpec', message };
  }
  const { firmware, tpm, disks } = vm.spec;
  const storage = disks.find(({ name }) => name === 'root')?.storage ?? defaultStorage ?? '';
  const change = configChange(vm, blank, { marker, fresh: true, isNew: true, defaultStorage, isos });
  return {
    ...change,
    ...(firmware?.type === 'Uefi' && { uefi: { storage, secureBoot: firmware.secureBoot === 'Enabled' } }),
    ...(tpm === 'V2' && { tpm: { storage } }),
  };
}

/** The storage of disks that name none. */
export const defaultOf = (storages: ProxmoxClusterSpec['storages']): string | undefined =>
  storages.find(storage => storage.default === 'Enabled')?.name;
