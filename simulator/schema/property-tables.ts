import type { PropertyFacts } from './area.ts';
import { propertyStrings } from './facts/property-strings.ts';
import { readName, readSchema } from './notation.ts';
import type { Parameter, PropertyTable, Release } from './parameter.ts';

const read = new Map<string, PropertyTable>();

/**
 * The keys of a property string, by its format's name (`pve-qm-boot`) or, for formats that have none, by that of the
 * parameter (`net`, `scsi`, `efidisk0`). Undefined where the format is not a property string.
 */
export function propertyTable(release: Release, name: string): PropertyTable | undefined {
  const facts = propertyStrings[name];
  if (!facts) return undefined;
  const cached = read.get(`${release} ${name}`);
  if (cached) return cached;
  const table = readTable(release, name, facts);
  read.set(`${release} ${name}`, table);
  return table;
}

function readTable(release: Release, name: string, facts: PropertyFacts): PropertyTable {
  const keys = new Map<string, Parameter>();
  const aliases = new Map<string, { key: string; names?: string }>();
  for (const [text, schema] of Object.entries(facts.keys)) {
    const { name: key, optional, only } = readName(text);
    if (only && only !== release) continue;
    const [alias, target, , names] = schema.split(' ');
    if (alias === 'alias' && target) aliases.set(key, { key: target, ...(names && { names }) });
    else keys.set(key, { ...readSchema(schema, nested => propertyTable(release, nested)), optional });
  }
  return { name, release, keys, aliases, ...(facts.keyless && { keyless: facts.keyless }) };
}
