import { checkKeys, type Errors } from './check.ts';
import type { Parameter } from './parameter.ts';
import type { Route } from './routes.ts';

/** Parameters with the types of their schema, or what is wrong with which, worded as in the real API. */
export type Verified = { ok: true; params: Record<string, unknown> } | { ok: false; errors: Errors };

/**
 * Joins the parameters of path, query and body. What the path says may be said again, but not otherwise; the first by
 * name that is said otherwise is refused.
 * @param pathParams From findRoute.
 */
export function joinParameters(pathParams: Record<string, string>, given: Record<string, unknown>): Verified {
  const conflict = Object.keys(given)
    .sort()
    .find(name => pathParams[name] !== undefined && pathParams[name] !== String(given[name]));
  if (conflict === undefined) return { ok: true, params: { ...pathParams, ...given } };
  const message = 'duplicate parameter (already defined in URI) with conflicting values!';
  return { ok: false, errors: { [conflict]: message } };
}

/**
 * Verifies the parameters of a request, those of the path included, against the route's schema.
 * @param params Values as they were decoded: strings from a form or a query, anything from JSON; null and undefined
 * count as not given. A repeated form key is an array.
 * @returns Integers and numbers as numbers, booleans as 1 and 0 (which is how the API stores and answers them), all
 * else as it was given; `errors` for status 400, `Parameter verification failed.`
 */
export function verifyParameters(route: Route, params: Record<string, unknown>): Verified {
  const given = Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, normal(route.keys.get(name), value)]),
  );
  const errors = checkKeys(route.keys, given, route.release, { open: route.open });
  if (Object.keys(errors).length > 0) return { ok: false, errors };
  const typed = Object.entries(given)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => [name, typeOf(route.keys.get(name), value)]);
  return { ok: true, params: Object.fromEntries(typed) };
}

/** Forms cannot tell a list from its only element: lists are joined where a text is expected, and the reverse. */
function normal(parameter: Parameter | undefined, value: unknown): unknown {
  if (parameter?.format?.endsWith('-list') && Array.isArray(value)) return value.join(',');
  const isText = typeof value === 'string' && value !== '' && value !== '0';
  return parameter?.type === 'array' && (isText || typeof value === 'number') ? [value] : value;
}

function typeOf(parameter: Parameter | undefined, value: unknown): unknown {
  if (parameter?.type === 'integer' || parameter?.type === 'number' || parameter?.type === 'boolean') {
    return Number(value);
  }
  return parameter?.type === 'string' ? String(value) : value;
}
