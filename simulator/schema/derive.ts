/**
 * Derives the folder facts/ from the schema of the real API: `PVE_ORACLE=… node simulator/schema/derive.ts`, then
 * `biome format --write simulator/schema/facts`. A test holds the result against the same schema.
 *
 * All routes are stated, not only those that the simulator serves. They cost 200 KB, and so an unknown path, a missing
 * right and a bad parameter are answered everywhere as the real API answers them, without a second list of what is
 * served. Texts for people, defaults and the schemas of answers are left out: nothing here needs them.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RouteFacts } from './area.ts';
import { type Oracle, type OracleEndpoint, type OracleProperty, readOracle } from './oracle/read.ts';
import type { Release } from './parameter.ts';

const RELEASES: readonly Release[] = ['8.4', '9.2'];

/** The file of facts of a route: that of its longest prefix. */
const AREAS: Record<string, string> = {
  '/access': 'access',
  '/version': 'cluster',
  '/cluster': 'cluster',
  '/cluster/acme': 'datacenter',
  '/cluster/backup': 'datacenter',
  '/cluster/bulk-action': 'datacenter',
  '/cluster/ceph': 'ceph',
  '/cluster/firewall': 'firewall',
  '/cluster/ha': 'ha',
  '/cluster/jobs': 'datacenter',
  '/cluster/mapping': 'datacenter',
  '/cluster/metrics': 'datacenter',
  '/cluster/notifications': 'notifications',
  '/cluster/sdn': 'sdn',
  '/nodes': 'nodes',
  '/nodes/{node}/ceph': 'ceph',
  '/nodes/{node}/disks': 'hardware',
  '/nodes/{node}/firewall': 'firewall',
  '/nodes/{node}/hardware': 'hardware',
  '/nodes/{node}/lxc': 'lxc',
  '/nodes/{node}/qemu': 'qemu',
  '/nodes/{node}/qemu/{vmid}/agent': 'agent',
  '/nodes/{node}/qemu/{vmid}/firewall': 'firewall',
  '/nodes/{node}/scan': 'hardware',
  '/nodes/{node}/sdn': 'sdn',
  '/nodes/{node}/storage': 'storage',
  '/pools': 'storage',
  '/storage': 'storage',
};

/** A parameter in one release, as the facts will state it. */
interface Stated {
  area: string;
  release: Release;
  route: string;
  name: string;
  line: string;
}

const folder = process.env.PVE_ORACLE;
if (!folder) throw new Error('PVE_ORACLE names no folder with the schema of the real API');
const oracles = new Map(RELEASES.map(release => [release, readOracle(folder, release)]));
const tables = nameTables(oracles);
const stated = [...oracles].flatMap(([release, oracle]) => oracle.endpoints.flatMap(e => stateParameters(release, e)));
const common = chooseCommon(stated);
writeTables();
writeParameters('common', 'common', common);
for (const area of new Set(Object.values(AREAS))) writeArea(area);

function stateParameters(release: Release, endpoint: OracleEndpoint): Stated[] {
  const route = `${endpoint.method} ${endpoint.path}`;
  const area = areaOf(endpoint.path);
  // A schema that another parameter's value chooses is not stated: no route that the simulator serves has one.
  return Object.entries(endpoint.parameters)
    .filter(([, property]) => !property.oneOf)
    .map(([name, property]) => ({ area, release, route, name, line: schemaLine(property, release, name) }));
}

function areaOf(path: string): string {
  const prefixes = Object.keys(AREAS).filter(prefix => path === prefix || path.startsWith(`${prefix}/`));
  const longest = prefixes.sort((a, b) => b.length - a.length)[0];
  if (!longest) throw new Error(`no area for ${path}`);
  return AREAS[longest] ?? '';
}

/** The notation of notation.ts; whether it is optional is said beside its name. */
function schemaLine(property: OracleProperty, release: Release, name: string): string {
  if (property.alias) return `alias ${property.alias}${property.keyAlias ? ` names ${property.keyAlias}` : ''}`;
  if (property.type === 'array') return `array of ${schemaLine(property.items ?? {}, release, name)}`;
  const format = typeof property.format === 'object' ? tableName(property.format.properties, release) : property.format;
  return [
    `${typeOf(property)}${format ? `:${format}` : ''}`,
    range(property.minimum, property.maximum, '', ''),
    range(property.minLength, property.maxLength, '{', '}'),
    property.enum && `in ${joinRuns(property.enum).join('|')}`,
    property.requires && `needs ${property.requires}`,
    property.patternJs && `like ${property.patternJs.replace(/^\^\(\?:(.*)\)\$$/s, '$1')}`,
  ]
    .filter(part => part)
    .join(' ');
}

/** The real check lets anything pass that has no type, or one that it does not know (`ip`). */
function typeOf({ type = '' }: OracleProperty): string {
  return ['integer', 'number', 'boolean'].includes(type) ? type : 'string';
}

/** `scsi0`, `scsi1` … `scsi30` are `scsi[0..30]`. */
function joinRuns(values: string[]): string[] {
  const runs: { name: string; from: number; to: number; values: string[] }[] = [];
  for (const value of values) {
    const [, name = value, number = ''] = /^(\D+)(0|[1-9]\d*)$/.exec(value) ?? [];
    const last = runs.at(-1);
    if (number !== '' && last?.name === name && Number(number) === last.to + 1) {
      last.to++;
      last.values.push(value);
    } else runs.push({ name, from: Number(number), to: Number(number), values: [value] });
  }
  return runs.flatMap(({ name, from, to, values: run }) => (run.length > 3 ? [`${name}[${from}..${to}]`] : run));
}

function range(from: number | undefined, to: number | undefined, open: string, close: string): string {
  return from === undefined && to === undefined ? '' : `${open}${from ?? ''}..${to ?? ''}${close}`;
}

/** Gives each property string of the API a name: its format's, or else that of the first parameter that has it. */
function nameTables(of: ReadonlyMap<Release, Oracle>): Map<string, Map<Release, Record<string, OracleProperty>>> {
  const named = new Map<string, Map<Release, Record<string, OracleProperty>>>();
  const add = (name: string, release: Release, keys: Record<string, OracleProperty>) => {
    const releases = named.get(name) ?? new Map();
    if (!releases.has(release)) named.set(name, releases.set(release, keys));
    return same(releases.get(release), keys);
  };
  for (const [release, { formats, endpoints }] of of) {
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

function knows(named: typeof tables, release: Release, keys: Record<string, OracleProperty>): boolean {
  return [...named.values()].some(releases => same(releases.get(release), keys));
}

function tableName(keys: Record<string, OracleProperty>, release: Release): string {
  const found = [...tables].find(([, releases]) => same(releases.get(release), keys));
  if (!found) throw new Error(`a property string without a name: ${JSON.stringify(keys)}`);
  return found[0];
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function writeTables(): void {
  const facts: Record<string, unknown> = {};
  for (const [name, releases] of tables) {
    const lines = [...releases].flatMap(([release, keys]) =>
      Object.entries(keys).map(([key, property]) => ({
        release,
        name: `${key}${property.optional ? '?' : ''}`,
        line: schemaLine(property, release, key),
      })),
    );
    const keyless = [...releases.values()].flatMap(keys => Object.keys(keys).filter(key => keys[key]?.default_key))[0];
    facts[name] = { ...(keyless && { keyless }), keys: byRelease(lines) };
  }
  write('property-strings', 'propertyStrings', 'Record<string, PropertyFacts>', facts, '../property-tables.ts');
}

/** Joins what both releases say alike, and marks the rest with the release that says it. */
function byRelease(lines: { release: Release; name: string; line: string }[]): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const { name, line, release } of lines) {
    const both = lines.filter(other => other.name === name && other.line === line).length === RELEASES.length;
    joined[both ? name : `${name}@${release}`] = line;
  }
  return joined;
}

/** A schema that a name has in three areas or more stands in one place for all of them. */
function chooseCommon(all: Stated[]): Record<string, string> {
  const groups = [...Map.groupBy(all, ({ name, line }) => `${name} ${line}`).values()];
  return mostFrequent(groups.filter(uses => new Set(uses.map(use => use.area)).size >= 3).flat());
}

/** For each name and release its most frequent schema. */
function mostFrequent(uses: Stated[]): Record<string, string> {
  const lines = [...Map.groupBy(uses, ({ name, release }) => `${name} ${release}`).values()].map(group => {
    const [line = ''] = group
      .map(use => use.line)
      .toSorted((a, b) => count(group, b) - count(group, a) || (a < b ? -1 : 1));
    return { name: group[0]?.name ?? '', release: group[0]?.release ?? '9.2', line };
  });
  const alone = ({ name }: { name: string }) => lines.filter(line => line.name === name).length === 1;
  const meanings = { ...byRelease(lines.filter(line => !alone(line))) };
  for (const line of lines.filter(alone)) meanings[line.name] = line.line;
  return Object.fromEntries(Object.entries(meanings).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function count(uses: Stated[], line: string): number {
  return uses.filter(use => use.line === line).length;
}

function meaning(parameters: Record<string, string>, name: string, release: Release): string | undefined {
  return parameters[`${name}@${release}`] ?? parameters[name];
}

function writeArea(area: string): void {
  const uses = stated.filter(use => use.area === area);
  const parameters = Object.fromEntries(
    Object.entries(mostFrequent(uses)).filter(([name, line]) => {
      const [bare = '', only] = name.split('@');
      const releases = only ? [only as Release] : RELEASES;
      return releases.some(release => meaning(common, bare, release) !== line);
    }),
  );
  const said = (name: string, release: Release) => meaning(parameters, name, release) ?? meaning(common, name, release);
  const routes: Record<string, RouteFacts> = {};
  const endpoints = [...oracles].flatMap(([release, oracle]) =>
    oracle.endpoints.filter(({ path }) => areaOf(path) === area).map(endpoint => ({ release, endpoint })),
  );
  const order = ({ endpoint: { path, method } }: (typeof endpoints)[number]) => `${path} ${method}`;
  for (const [route, versions] of Map.groupBy(
    endpoints.sort((a, b) => (order(a) < order(b) ? -1 : 1)),
    ({ endpoint }) => `${endpoint.method} ${endpoint.path}`,
  )) {
    const alike = versions.length === RELEASES.length && same(...(versions.map(headOf) as [unknown, unknown]));
    for (const group of alike ? [versions] : versions.map(version => [version])) {
      const only = alike ? undefined : group[0]?.release;
      const of = uses.filter(use => use.route === route && (!only || use.release === only));
      const differing = of.filter(use => said(use.name, use.release) !== use.line);
      const but = byRelease(differing);
      if (only) for (const name of Object.keys(but)) rename(but, name, name.replace(`@${only}`, ''));
      const takes = takenNames(group, only);
      routes[only ? `${route}@${only}` : route] = {
        ...headOf(group[0] as (typeof group)[number]),
        ...(takes && { takes }),
        ...(differing.length > 0 && { but }),
      };
    }
  }
  write(area, camel(area), 'Area', { parameters, routes }, '../area.ts');
}

function rename(record: Record<string, string>, from: string, to: string): void {
  const value = record[from] ?? '';
  delete record[from];
  record[to] = value;
}

function headOf({ endpoint }: { endpoint: OracleEndpoint }): RouteFacts {
  const flags = [
    endpoint.protected && 'protected',
    endpoint.proxyto === 'node' && 'proxied',
    !endpoint.allowtoken && 'session',
    endpoint.additionalProperties && 'open',
  ];
  const set = flags.filter(flag => flag).join(' ');
  return {
    name: endpoint.name,
    allow: endpoint.permissions as unknown as RouteFacts['allow'],
    ...(set && { flags: set }),
  };
}

/** The names of the parameters that are not in the path. */
function takenNames(group: { release: Release; endpoint: OracleEndpoint }[], only: Release | undefined): string {
  const lines = group.flatMap(({ release, endpoint: { path, parameters } }) =>
    Object.entries(parameters)
      .filter(([name, { oneOf }]) => !oneOf && !path.includes(`{${name}}`))
      .map(([name, { optional, index }]) => {
        const indexed = index ? name.replace('[n]', `[${index.min}..${index.max}]`) : name;
        return { name: `${indexed}${optional ? '?' : ''}`, line: '', release };
      }),
  );
  return only ? lines.map(({ name }) => name).join(' ') : Object.keys(byRelease(lines)).sort().join(' ');
}

function writeParameters(file: string, name: string, parameters: Record<string, string>): void {
  write(file, name, 'Record<string, string>', parameters);
}

function camel(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function write(file: string, constant: string, type: string, facts: unknown, from?: string): void {
  const [imported] = /\w+(?=>?$)/.exec(type) ?? [];
  const head = from ? `import type { ${imported} } from '${from}';\n\n` : '';
  const doc = '/** Derived by ../derive.ts from the schema of the real API. */\n';
  const body = print(facts, file === 'property-strings' || from === undefined ? 1 : 2);
  writeFileSync(
    join(import.meta.dirname, 'facts', `${file}.ts`),
    `${head}${doc}export const ${constant}: ${type} = ${body};\n`,
  );
}

/** Objects down to `depth` have a line for each key; the formatter breaks a deeper one only where it is too long. */
function print(value: unknown, depth: number): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  const newLine = depth > 0 ? '\n' : '';
  const entries = Object.entries(value).map(([key, inner]) => {
    const text = key === 'takes' ? wrap(String(inner)) : print(inner, depth - 1);
    return `${newLine}${JSON.stringify(key)}: ${text}`;
  });
  return `{${entries.join(',')}${newLine}}`;
}

/** Long lists of names take several lines of a template; blanks of any kind part them. */
function wrap(names: string): string {
  if (names.length < 90) return JSON.stringify(names);
  const lines = names.match(/.{1,105}(?: |$)/g) ?? [];
  return `\`\n${lines.map(line => `        ${line.trim()}`).join('\n')}\``;
}
