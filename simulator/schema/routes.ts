import type { Area, RouteFacts } from './area.ts';
import { access } from './facts/access.ts';
import { agent } from './facts/agent.ts';
import { ceph } from './facts/ceph.ts';
import { cluster } from './facts/cluster.ts';
import { common } from './facts/common.ts';
import { datacenter } from './facts/datacenter.ts';
import { firewall } from './facts/firewall.ts';
import { ha } from './facts/ha.ts';
import { hardware } from './facts/hardware.ts';
import { lxc } from './facts/lxc.ts';
import { nodes } from './facts/nodes.ts';
import { notifications } from './facts/notifications.ts';
import { qemu } from './facts/qemu.ts';
import { sdn } from './facts/sdn.ts';
import { storage } from './facts/storage.ts';
import { readName, readSchema } from './notation.ts';
import type { Parameter, Release } from './parameter.ts';
import type { Permission } from './permission.ts';
import { propertyTable } from './property-tables.ts';

export type { Parameter, Release } from './parameter.ts';

/** The index of the root, which was seen to answer though no schema of the API states it. */
const root: Area = { parameters: {}, routes: { 'GET /': { name: 'index', allow: { user: 'all' } } } };

const AREAS: readonly Area[] = [
  access,
  agent,
  ceph,
  cluster,
  datacenter,
  firewall,
  ha,
  hardware,
  lxc,
  nodes,
  notifications,
  qemu,
  root,
  sdn,
  storage,
];

/** The methods that routes have; all others are refused before routing. */
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** One path and method of one release of the API. */
export interface Route {
  release: Release;
  method: Method;
  /** With its parameters in braces: `/nodes/{node}/qemu/{vmid}/config`. */
  path: string;
  /** The real handler's name; several routes of different paths may share one. */
  name: string;
  /** By full name (`net0`, not `net[n]`), those of the path included. */
  parameters: Record<string, Parameter>;
  /** The same, to walk over. */
  keys: ReadonlyMap<string, Parameter>;
  /** Parameters that are not named are allowed. */
  open: boolean;
  permissions: Permission;
  /** An API token may call it. */
  allowToken: boolean;
  /** Runs in pvedaemon, as root. */
  protected: boolean;
  /** The parameter that names the node where it runs. */
  proxyTo?: string;
}

/** A folder of the API: fixed names or one parameter, never both. */
interface Folder {
  names: Map<string, Folder>;
  parameter?: { name: string; folder: Folder };
  methods: Map<string, () => Route>;
}

/** These take the rest of the path, slashes and all: `local:iso/debian.iso`, `10.0.0.0/8`. */
const REST_OF_PATH = new Set(['volume', 'cidr']);

const roots = new Map<Release, Folder>();

/**
 * The route that a request reaches.
 * @param path Without `/api2/json`, percent-decoded; repeated and trailing slashes do not count.
 * @returns Undefined where the real API has no such path or method, which it answers with 501.
 */
export function findRoute(
  release: Release,
  method: string,
  path: string,
): { route: Route; pathParams: Record<string, string> } | undefined {
  let folder: Folder | undefined = rootOf(release);
  const pathParams: Record<string, string> = {};
  const parts = path.split('/').filter(part => part !== '');
  for (let at = 0; at < parts.length && folder; at++) {
    const part = parts[at] ?? '';
    if (!folder.parameter) folder = folder.names.get(part);
    else {
      const { name, folder: inner }: { name: string; folder: Folder } = folder.parameter;
      const value = REST_OF_PATH.has(name) ? parts.slice(at).join('/') : part;
      if (/\s/.test(value)) return undefined;
      pathParams[name] = value;
      if (REST_OF_PATH.has(name)) at = parts.length;
      folder = inner;
    }
  }
  const route = folder?.methods.get(method);
  return route && { route: route(), pathParams };
}

/** Every route of a release. */
export function allRoutes(release: Release): Route[] {
  const collect = ({ names, parameter, methods }: Folder): Route[] => [
    ...[...methods.values()].map(route => route()),
    ...[...names.values(), ...(parameter ? [parameter.folder] : [])].flatMap(collect),
  ];
  return collect(rootOf(release));
}

function rootOf(release: Release): Folder {
  const known = roots.get(release);
  if (known) return known;
  const top = emptyFolder();
  for (const area of AREAS) {
    for (const [key, facts] of Object.entries(area.routes)) {
      const [, method = '', path = '', only] = /^(\w+) ([^@]*)(?:@(.*))?$/.exec(key) ?? [];
      if (only !== undefined && only !== release) continue;
      folderOf(top, path).methods.set(
        method,
        lazy(() => readRoute(release, area, method as Method, path, facts)),
      );
    }
  }
  roots.set(release, top);
  return top;
}

function emptyFolder(): Folder {
  return { names: new Map(), methods: new Map() };
}

function folderOf(top: Folder, path: string): Folder {
  let folder = top;
  for (const part of path.split('/').filter(each => each !== '')) {
    if (part.startsWith('{')) {
      folder.parameter ??= { name: part.slice(1, -1), folder: emptyFolder() };
      folder = folder.parameter.folder;
    } else {
      const inner = folder.names.get(part) ?? emptyFolder();
      folder.names.set(part, inner);
      folder = inner;
    }
  }
  return folder;
}

/** A route is read when it is first called: all of them together would double the start-up time. */
function lazy(read: () => Route): () => Route {
  let route: Route | undefined;
  return () => {
    route ??= read();
    return route;
  };
}

function readRoute(release: Release, area: Area, method: Method, path: string, facts: RouteFacts): Route {
  const flags = new Set(facts.flags?.split(' '));
  const schemaOf = (name: string): Omit<Parameter, 'optional'> => {
    const line = [facts.but ?? {}, area.parameters, common]
      .map(names => names[`${name}@${release}`] ?? names[name])
      .find(found => found !== undefined);
    if (line === undefined) throw new Error(`${method} ${path} takes ${name}, of which nothing is stated`);
    return readSchema(line, format => propertyTable(release, format));
  };
  const keys = new Map<string, Parameter>();
  for (const [, name = ''] of path.matchAll(/\{(.*?)\}/g)) {
    keys.set(name, { ...schemaOf(name), optional: false });
  }
  for (const text of facts.takes?.trim().split(/\s+/) ?? []) {
    const { name, optional, only, index } = readName(text);
    if (only !== undefined && only !== release) continue;
    const parameter = { ...schemaOf(index ? `${name}[n]` : name), optional };
    if (!index) keys.set(name, parameter);
    else for (let n = index.min; n <= index.max; n++) keys.set(`${name}${n}`, parameter);
  }
  return {
    release,
    method,
    path,
    name: facts.name,
    parameters: Object.fromEntries(keys),
    keys,
    open: flags.has('open'),
    permissions: facts.allow,
    allowToken: !flags.has('session'),
    protected: flags.has('protected'),
    ...(flags.has('proxied') && { proxyTo: 'node' }),
  };
}
