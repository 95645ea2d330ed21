import type { PropertyFacts } from '../area.ts';
import type { Oracle, OracleEndpoint } from '../oracle/read.ts';
import type { Release } from '../parameter.ts';
import { byRelease, type Keys, same, schemaLine } from './lines.ts';

/** The property strings of the API by the names that the facts give them. */
export type Tables = ReadonlyMap<string, ReadonlyMap<Release, Keys>>;

/** Gives each property string of the API a name: its format's, or else that of the first parameter that has it. */
export function nameTables(oracles: ReadonlyMap<Release, Oracle>): Tables {
  const named = new Map<string, Map<Release, Keys>>();
  const add = (name: string, release: Release, keys: Keys) => {
    const releases = named.get(name) ?? new Map();
    if (!releases.has(release)) named.set(name, releases.set(release, keys));
    return same(releases.get(release), keys);
  };
  for (const [release, { formats, endpoints }] of oracles) {
    for (const [name, format] of Object.entries(formats)) if (format.properties) add(name, release, format.properties);
    for (const { path, parameters } of endpoints.toSorted((a, b) => preference(a) - preference(b))) {
      for (const [name, property] of Object.entries(parameters)) {
        const { format } = property.items ?? property;
        if (typeof format !== 'object' || property.oneOf || knows(named, release, format.properties)) continue;
        const bare = name.replace('[n]', '');
        const folder = path.split('/').findLast(part => !part.startsWith('{'));
        add(bare, release, format.properties) || add(`${folder}-${bare}`, release, format.properties);
      }
    }
  }
  return named;
}

/** So that `net` is that of a virtual machine, and not a container's. */
function preference({ path }: OracleEndpoint): number {
  return path.includes('/qemu') ? 0 : 1;
}

function knows(named: Tables, release: Release, keys: Keys): boolean {
  return [...named.values()].some(releases => same(releases.get(release), keys));
}

/** The name of a property string with these keys. */
export function tableName(tables: Tables, release: Release, keys: Keys): string {
  const found = [...tables].find(([, releases]) => same(releases.get(release), keys));
  if (!found) throw new Error(`a property string without a name: ${JSON.stringify(keys)}`);
  return found[0];
}

/** What the facts say of all property strings. */
export function tableFacts(tables: Tables): Record<string, PropertyFacts> {
  const facts: Record<string, PropertyFacts> = {};
  for (const [name, releases] of tables) {
    const lines = [...releases].flatMap(([release, keys]) =>
      Object.entries(keys).map(([key, property]) => ({
        release,
        name: `${key}${property.optional ? '?' : ''}`,
        line: schemaLine(property, inner => tableName(tables, release, inner)),
      })),
    );
    const keyless = [...releases.values()].flatMap(keys => Object.keys(keys).filter(key => keys[key]?.default_key))[0];
    facts[name] = { ...(keyless && { keyless }), keys: byRelease(lines) };
  }
  return facts;
}
