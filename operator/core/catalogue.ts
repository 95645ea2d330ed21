import type { ProxmoxClusterSpec } from '#api/proxmox-cluster.ts';
import type { ConditionUpdate } from './conditions.ts';

/** What a Proxmox cluster has of what can be approved. */
export interface Catalogue {
  nodes: string[];
  /** Of all nodes together. */
  storages: string[];
  bridges: string[];
  /** Volumes, as `local:iso/debian-12.iso`; unknown where a storage could not be asked. */
  isos?: string[];
}

/** F129: approved entries that Proxmox has not got any more, each in words. */
export function vanished(spec: ProxmoxClusterSpec, there: Catalogue): string[] {
  const { nodes, storages, bridges = [], isos = [] } = spec;
  const among = (kind: string, names: { name: string }[], has: string[]) =>
    names.filter(({ name }) => !has.includes(name)).map(({ name }) => `${kind} ${name}`);
  return [
    ...among('node', nodes, there.nodes),
    ...among('storage', storages, there.storages),
    ...among('bridge', bridges, there.bridges),
    ...isos
      .filter(({ volume }) => there.isos && !there.isos.includes(volume))
      .map(({ name, volume }) => `ISO ${name} (${volume})`),
  ];
}

/** The condition that flags such entries. Nothing else comes of them: machines that use them are left alone. */
export function catalogStale(gone: string[]): ConditionUpdate {
  const type = 'CatalogStale';
  if (gone.length === 0) {
    return { type, status: 'False', reason: 'AllPresent', message: 'Proxmox has everything that is approved.' };
  }
  const message =
    `Proxmox has no ${gone.join(', ')} any more. Machines that use it are left alone; ` +
    'take it out of spec, or bring it back.';
  return { type, status: 'True', reason: 'EntriesVanished', message };
}
