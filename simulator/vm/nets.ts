import { printPropertyString, splitPropertyString } from '#simulator/schema/property-string.ts';
import { propertyTable } from '#simulator/schema/property-tables.ts';
import type { Release } from '#simulator/schema/routes.ts';
import type { World } from '../engine/world.ts';

/** A network device: its model and MAC, and the other options (bridge, tag, firewall, link_down, …). */
export interface Net {
  model: string;
  macaddr?: string;
  options: Record<string, string>;
}

function table(release: Release) {
  const found = propertyTable(release, 'net');
  if (found === undefined) throw new Error('the schema has no table for network devices');
  return found;
}

/** Whether a key of the configuration is a network device. */
export function isNetKey(key: string): boolean {
  return /^net\d+$/.test(key);
}

/** Reads `virtio=BC:24:11:00:00:01,bridge=vmbr0`, which is known to be valid. */
export function parseNet(release: Release, value: string): Net {
  const split = splitPropertyString(table(release), value);
  if (!split.ok) throw new Error(`bad network device: ${split.message}`);
  const { model = 'e1000', macaddr, ...options } = split.values;
  return { model, options, ...(macaddr === undefined ? {} : { macaddr: macaddr.toUpperCase() }) };
}

/** Writes a network device as the configuration has it. */
export function printNet(release: Release, { model, macaddr, options }: Net): string {
  return printPropertyString(table(release), { model, macaddr, ...options });
}

/** A card without a MAC gets a new one, each time that it is sent. */
export function withMac(world: World, value: string): string {
  const net = parseNet(world.release, value);
  const prefix = world.state.cluster.options.mac_prefix;
  return printNet(world.release, { ...net, macaddr: net.macaddr ?? world.random.mac(prefix) });
}
