import type { Permission } from './permission.ts';

/** The facts about the routes under some paths of the API: one file of facts/. */
export interface Area {
  /** What a parameter of that name holds, unless its route says `but`. The names may end in `@8.4` or `@9.2`. */
  parameters: Record<string, string>;
  /** By `GET /nodes/{node}/qemu`; a route that one release has, or has otherwise, ends in `@8.4` or `@9.2`. */
  routes: Record<string, RouteFacts>;
}

/** One route; parameters that stand in its path are not repeated. */
export interface RouteFacts {
  name: string;
  allow: Permission;
  /**
   * `protected` runs as root, in pvedaemon; `proxied` runs on the node that the path names; `session` takes no API
   * token; `open` takes parameters that it does not name.
   */
  flags?: string;
  /** The names of the other parameters, as notation.ts reads them. */
  takes?: string;
  /** Schemas where they differ from the area's. */
  but?: Record<string, string>;
}

/** One table of facts/property-strings.ts: `alias KEY` and `alias KEY names KEY` beside the schemas. */
export interface PropertyFacts {
  keyless?: string;
  keys: Record<string, string>;
}
