import { findRoute, type Route } from '#simulator/schema/routes.ts';
import { verifyParameters } from '#simulator/schema/verify.ts';
import { checkRoute } from '../auth/check.ts';
import { BrokenPipe, badParameters, died, forbidden, PveError } from '../engine/errors.ts';
import { isSteps, type Mortal, type Steps, sleep } from '../engine/process.ts';
import type { Call, Handlers, Identity, Params, World } from '../engine/world.ts';
import { passOn } from './daemon.ts';
import { formatResult, type Result } from './format.ts';
import { type Answer, plainAnswer, type Request } from './message.ts';
import type { Upload } from './multipart.ts';
import type { RawParameters } from './parameters.ts';

/** How long connecting to a node takes to fail when no host is there. */
const NO_ROUTE_MS = 3000;

/** A request whose sender is known and whose body was read. */
export interface ReadRequest {
  request: Request;
  format: string;
  /** Below the format, decoded. */
  path: string;
  raw: RawParameters;
  authentication: { who: Identity | undefined; byToken: boolean };
  upload: Upload | undefined;
  process: Mortal;
}

/** Finds the route of a request, checks rights and parameters in Proxmox VE's order, and calls its handler. */
export function* callRoute(world: World, handlers: Handlers, read: ReadRequest): Steps<Answer> {
  const { request, format, path } = read;
  const found = findRoute(world.release, request.method, path);
  if (found === undefined) {
    return formatResult(format, { failure: new PveError(`Method '${request.method} ${path}' not implemented`, 501) });
  }
  const route = `${request.method} ${found.route.path}`;
  try {
    return { ...(yield* answerRoute(world, handlers, read, found)), route };
  } catch (error) {
    if (error instanceof PveError) return { ...formatResult(format, { failure: error }), route };
    if (error instanceof BrokenPipe) return { ...plainAnswer(596, 'Broken pipe', false), route };
    throw error;
  }
}

function* answerRoute(
  world: World,
  handlers: Handlers,
  read: ReadRequest,
  { route, pathParams }: NonNullable<ReturnType<typeof findRoute>>,
): Steps<Answer> {
  const { request, format, path, authentication, upload, process } = read;
  const params = withPathParameters(pathParams, read.raw);
  if (authentication.byToken && !route.allowToken) {
    throw forbidden(`URI '${path}' not available with API token, need proper ticket.\n`);
  }
  checkRoute(world, route.permissions, authentication.who, params);
  const entry = entryNode(world, request);
  const node = route.proxyTo === undefined ? entry : String(params.node);
  const unreachable = yield* reach(world, entry, node);
  if (unreachable !== undefined) return unreachable;
  const who = authentication.who ?? { authid: '', user: '' };
  const call = { node, who, params, upload, headers: request.headers };
  const work = (self: Mortal) => whileUp(world, node, () => run(world, handlers, route, { ...call, process: self }));
  const isPassedOn = route.protected || node !== entry;
  const result = yield* isPassedOn ? passOn(world, route.protected ? node : undefined, work) : work(process);
  if (result !== undefined) return isAnswer(result) ? result : formatResult(format, result);
  return node === entry ? lostNode('reset') : plainAnswer(596, 'Connection reset by peer', false);
}

function withPathParameters(fromPath: Record<string, string>, given: RawParameters): RawParameters {
  const conflict = Object.keys(given)
    .sort()
    .find(key => fromPath[key] !== undefined && fromPath[key] !== given[key]);
  if (conflict !== undefined) {
    throw badParameters({ [conflict]: 'duplicate parameter (already defined in URI) with conflicting values!' });
  }
  return { ...fromPath, ...given };
}

/** The node whose API daemon got the request. */
export function entryNode(world: World, request: Request): string {
  return request.node ?? Object.keys(world.state.nodes)[0] ?? '';
}

/** Whether the entry node's proxy gets through to the node that the path names; an answer where it does not. */
function* reach(world: World, from: string, to: string): Steps<Answer | undefined> {
  if (to === from || to === 'localhost') return undefined;
  const node = world.state.nodes[to];
  if (node === undefined) {
    throw died(
      `hostname lookup '${to}' failed - failed to get address info for: ${to}: Temporary failure in name resolution`,
    );
  }
  if (node.reachable) return undefined;
  yield sleep(world.clock, NO_ROUTE_MS);
  return plainAnswer(595, 'No route to host', false);
}

/** The node that was called does not answer itself. */
export function lostNode(broken: 'refused' | 'reset'): Answer {
  return { ...plainAnswer(0, '', false), broken, close: true };
}

/** Goes on as long as the node does; undefined if it lost power or was cut off meanwhile. */
function* whileUp<T>(world: World, name: string, work: () => Steps<T>): Steps<T | undefined> {
  const steps = work();
  const node = world.state.nodes[name];
  const { bootedAt } = node ?? {};
  let result = steps.next();
  while (!result.done) {
    yield result.value;
    if (node !== undefined && (!node.reachable || node.bootedAt !== bootedAt)) return undefined;
    result = steps.next();
  }
  return result.value;
}

/** Validates the parameters and runs the handler of a route. */
function* run(
  world: World,
  handlers: Handlers,
  found: Route,
  call: Pick<Call, 'node' | 'who' | 'process' | 'headers'> & { params: RawParameters; upload: Upload | undefined },
): Steps<Result | Answer> {
  const verified = verifyParameters(found, call.params);
  if (!verified.ok) throw badParameters(verified.errors);
  const handler = handlers[`${found.method} ${found.path}`];
  if (handler === undefined) throw died(`the simulator has no handler for ${found.method} ${found.path}`);
  const context: Call = { world, ...call, given: Object.keys(call.params), params: verified.params as Params };
  const outcome = handler(context);
  const data = isSteps(outcome) ? yield* outcome : outcome;
  if (isAnswer(data)) return data;
  return context.total === undefined ? { data } : { data, total: context.total };
}

/** Some handlers answer below HTTP's surface, such as consoles. */
function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && 'status' in value && 'reason' in value && 'close' in value;
}
