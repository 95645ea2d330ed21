import type { ConditionType } from './decision.ts';
import type { Happening } from './events.ts';
import type { ConfigChange, MachineConfig } from './machine.ts';
import { carries, type Marker, withMarker } from './marker.ts';
import type { Observed } from './observed.ts';

/**
 * Whether what a condition is about was as desired once for the spec of now: a difference that is seen after that is
 * somebody's doing in Proxmox.
 */
export function wasInSync({ vm }: Observed, type: ConditionType): boolean {
  const told = vm.status?.conditions?.find(condition => condition.type === type);
  const ofNow = told?.observedGeneration === vm.metadata.generation;
  return ofNow && (told?.status === 'True' || inSync.has(told?.reason ?? ''));
}

const inSync = new Set(['ExternalDrift', 'RestartRequired']);

/** Whether such a difference is to be reported and left. A change of the spec is always carried out. */
export const reportsDrift = (o: Observed, type: ConditionType): boolean =>
  o.vm.spec.drift === 'Report' && wasInSync(o, type);

/** Of a change what keeps a machine ours: its marker, and its protection. That is put back whatever else is left. */
export function ofIdentity(
  change: ConfigChange | undefined,
  config: MachineConfig,
  marker: Marker,
): ConfigChange | undefined {
  const kept: ConfigChange = {};
  if (change?.protection !== undefined) kept.protection = change.protection;
  if (!carries(config.description, marker)) kept.description = withMarker(config.description, marker);
  return Object.keys(kept).length > 0 ? kept : undefined;
}

/** What people are told when a write has put right what somebody else had changed. */
export function correctionOf(o: Observed, change: ConfigChange): Happening | undefined {
  if (!o.config?.found || o.vm.metadata.deletionTimestamp || !wasInSync(o, 'ConfigSynced')) return undefined;
  const told = tellChange(change, o.config.config);
  const message = `Changed in Proxmox, and put right: ${told.join(', ') || 'protection'}.`;
  return { type: 'Warning', reason: 'DriftDetected', message };
}

/** The settings that a change is about, as the spec calls them. */
export function tellChange(change: ConfigChange, config: MachineConfig): string[] {
  const { nics = [], cloudInit = {}, remove = [], ...plain } = change;
  const named = Object.keys(plain).map(key => names[key] ?? key);
  const cards = nics.map(({ index }) =>
    config.nics.some(nic => nic.index === index) ? `net${index}` : `net${index} (gone)`,
  );
  const told = named.filter(name => name !== 'protection');
  return [...told, ...cards, ...Object.keys(cloudInit).map(key => `cloudInit.${key}`), ...remove];
}

const names: Record<string, string> = {
  name: 'hostname',
  cores: 'resources.cpu',
  sockets: 'resources.sockets',
  memoryMiB: 'resources.memory',
  agent: 'guestAgent',
  boot: 'bootOrder',
};
