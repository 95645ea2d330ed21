import type { Area, RouteFacts } from '../area.ts';
import type { OracleEndpoint } from '../oracle/read.ts';
import type { Release } from '../parameter.ts';
import { type Glossary, meaning, mostFrequent, type Use } from './glossary.ts';
import { byRelease, RELEASES, same } from './lines.ts';

/** An endpoint as one release has it. */
export interface Version {
  release: Release;
  endpoint: OracleEndpoint;
}

/** What the facts say of one area. @param uses Its parameters. @param versions Its endpoints. */
export function areaFacts(uses: readonly Use[], versions: readonly Version[], common: Glossary): Area {
  const parameters = Object.fromEntries(
    Object.entries(mostFrequent(uses)).filter(([name, line]) => {
      const [bare = '', only] = name.split('@');
      const releases = only ? [only as Release] : RELEASES;
      return releases.some(release => meaning(common, bare, release) !== line);
    }),
  );
  const isExceptional = ({ name, release, line }: Use) =>
    (meaning(parameters, name, release) ?? meaning(common, name, release)) !== line;
  const exceptions = uses.filter(isExceptional);
  const routes = Map.groupBy(versions, ({ endpoint }) => `${endpoint.path} ${endpoint.method}`);
  const sorted = [...routes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  return { parameters, routes: Object.fromEntries(sorted.flatMap(group => routeEntries(group, exceptions))) };
}

/** One entry where both releases have the route alike but for parameters; otherwise one for each that has it. */
function routeEntries(versions: Version[], exceptions: readonly Use[]): [string, RouteFacts][] {
  const [first, second] = versions;
  if (first && second && same(headOf(first), headOf(second))) return [routeEntry(versions, exceptions)];
  return versions.map(version => routeEntry([version], exceptions, version.release));
}

function routeEntry(versions: Version[], exceptions: readonly Use[], only?: Release): [string, RouteFacts] {
  const [version] = versions;
  if (!version) throw new Error('a route has at least one version');
  const route = `${version.endpoint.method} ${version.endpoint.path}`;
  const own = exceptions.filter(use => use.route === route && (!only || use.release === only));
  const but = only ? Object.fromEntries(own.map(({ name, line }) => [name, line])) : byRelease(own);
  const takes = takenNames(versions, only);
  const facts = { ...headOf(version), ...(takes && { takes }), ...(own.length > 0 && { but }) };
  return [only ? `${route}@${only}` : route, facts];
}

/** All but the parameters. */
function headOf({ endpoint }: Version): RouteFacts {
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
function takenNames(versions: Version[], only?: Release): string {
  const lines = versions.flatMap(({ release, endpoint: { path, parameters } }) =>
    Object.entries(parameters)
      .filter(([name, { oneOf }]) => !oneOf && !path.includes(`{${name}}`))
      .map(([name, { optional, index }]) => {
        const indexed = index ? name.replace('[n]', `[${index.min}..${index.max}]`) : name;
        return { name: `${indexed}${optional ? '?' : ''}`, line: '', release };
      }),
  );
  return only ? lines.map(({ name }) => name).join(' ') : Object.keys(byRelease(lines)).sort().join(' ');
}
