import { toMiB } from '#api/quantity.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import { demandOf } from './amounts.ts';
import { fieldNamesOf, type Rules } from './limits.ts';
import { unnamedStorages } from './storages.ts';
import { amountText } from './words.ts';

/** What of a machine breaks the rules for each machine by itself, whatever others take; a phrase each. */
export function unfit(spec: VirtualMachineSpec, rules: Rules): string[] {
  return [
    ...misowned(spec, rules),
    ...missized(spec, rules),
    ...notAllowed(spec, rules),
    ...notIsolated(spec, rules),
    ...unnamedStorages(spec, rules),
  ];
}

function misowned({ owner }: VirtualMachineSpec, { perUser }: Rules): string[] {
  return perUser && owner === undefined ? ['spec.owner is required where there are limits per user'] : [];
}

function missized(spec: VirtualMachineSpec, rules: Rules): string[] {
  const { perVM } = rules;
  const names = fieldNamesOf(rules);
  const { cpu, memoryMiB, storageMiB, networks } = demandOf(spec);
  const root = spec.disks.find(({ name }) => name === 'root');
  const has = {
    cpu,
    memoryMiB,
    storageMiB,
    ...(root && { rootDiskMiB: toMiB(root.size) }),
    networks,
    disks: spec.disks.length,
    sockets: spec.resources.sockets ?? 1,
  };
  const most = inMiB(perVM?.max);
  const least = inMiB(perVM?.min);
  return Object.entries(has).flatMap(([key, value]) => {
    const name = key.replace('MiB', '');
    const above = most[key] !== undefined && value > most[key];
    const below = least[key] !== undefined && value < least[key];
    if (above)
      return [`${name}: ${amountText(key, value)} is above ${names.max}.${name} ${amountText(key, most[key])}`];
    if (below)
      return [`${name}: ${amountText(key, value)} is below ${names.min}.${name} ${amountText(key, least[key])}`];
    return [];
  });
}

function inMiB(limits: Record<string, number | string | undefined> = {}): Record<string, number | undefined> {
  return Object.fromEntries(
    Object.entries(limits).map(([name, limit]) =>
      typeof limit === 'string' ? [`${name}MiB`, toMiB(limit)] : [name, limit],
    ),
  );
}

function notAllowed(spec: VirtualMachineSpec, { allowed = {} }: Rules): string[] {
  const among = (what: string, names: (string | undefined)[], list: string[] | undefined) =>
    [...new Set(names)]
      .filter(name => name !== undefined && list !== undefined && !list.includes(name))
      .map(name => `${what} "${name}" is not allowed in this namespace; allowed: ${list?.join(', ') || 'none'}`);
  return [
    ...among('template', [spec.source.template?.name], allowed.templates),
    ...among('ISO', [spec.source.iso?.name, spec.cdrom?.iso], allowed.isos),
    ...among(
      'storage',
      spec.disks.map(({ storage }) => storage),
      allowed.storages,
    ),
    ...among('bridge', spec.networks?.map(({ bridge }) => bridge) ?? [], allowed.bridges),
    ...among('tag', spec.tags?.filter(tag => tag !== 'berth') ?? [], allowed.tags),
  ];
}

/** Network cards that a machine only has from its template cannot be seen here, so they must be declared. */
function notIsolated({ networks }: VirtualMachineSpec, { isolationVlan }: Rules): string[] {
  if (isolationVlan === undefined) return [];
  if (networks === undefined)
    return [`spec.networks must be declared: every interface must be in VLAN ${isolationVlan}`];
  return networks
    .filter(({ vlan }) => vlan !== isolationVlan)
    .map(({ name, vlan }) => `network "${name}" is in ${vlan ?? 'no'} VLAN, but must be in VLAN ${isolationVlan}`);
}
