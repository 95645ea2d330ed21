import { findRoute, type Route } from '#simulator/schema/routes.ts';
import { verifyParameters } from '#simulator/schema/verify.ts';
import { type Authentication, authenticate, isUpload } from '../auth/authenticate.ts';
import { checkRoute } from '../auth/check.ts';
import { BrokenPipe, badParameters, died, forbidden, PveError } from '../engine/errors.ts';
import { isSteps, type Mortal, type Steps, sleep } from '../engine/process.ts';
import type { Call, Handlers, Identity, Params, World } from '../engine/world.ts';
import { FORMATS, formatResult, type Result } from './format.ts';
import { type Answer, plainAnswer, type Request } from './message.ts';
import { boundaryOf, readUpload, type Upload } from './multipart.ts';
import { decodeForm, decodeJson, type RawParameters, unescapePath } from './parameters.ts';

/** Every 401 comes this late [PVE::APIServer::AnyEvent]. */
const REFUSAL_DELAY_MS = 3000;

/** How long connecting to a node takes to fail when no host is there. */
const NO_ROUTE_MS = 3000;

/** Larger bodies are refused, but for uploads. */
const MAX_BODY = 512 * 1024;

const METHODS = new Set(['GET', 'POST', 'PUT', 'DELETE']);

const BASE = '/api2';

/** What a request turned out to be. */
interface Located {
  format: string;
  /** The path below the format, decoded. */
  path: string;
  query: string;
}

/** Answers one request as pveproxy and pvedaemon do, in their order of checks. */
export function* dispatch(world: World, handlers: Handlers, request: Request, process: Mortal): Steps<Answer> {
  if (world.state.nodes[entry(world, request)]?.reachable === false) return lostNode('refused');
  const head = refuseHead(request);
  if (head !== undefined) return head;
  const located = locate(request.target);
  if ('status' in located) return located;
  const authentication = authenticate(world, request.method, located.path, request.headers);
  const refusal = refuseIdentity(world, request.method, located.path, authentication);
  if (refusal !== undefined) {
    yield sleep(world.clock, REFUSAL_DELAY_MS);
    return refusal;
  }
  if ('refused' in authentication) throw new Error('a refusal is answered above');
  const body = refuseBody(request, isUpload(request.method, located.path));
  if (body !== undefined) return body;
  if (!FORMATS.has(located.format)) {
    return plainAnswer(501, `no formatter for uri ${located.path}, ${located.format}`);
  }
  const upload = isUpload(request.method, located.path) ? uploadOf(request) : undefined;
  if (upload === null) return plainAnswer(400, 'Bad Request', false);
  const started = world.clock.now();
  const answer = yield* route(world, handlers, request, located, authentication, upload, process);
  if (answer.status === 401) yield sleep(world.clock, Math.max(0, REFUSAL_DELAY_MS - (world.clock.now() - started)));
  return upload === undefined ? answer : { ...answer, close: true };
}

/** The checks on the request line and the headers. */
function refuseHead(request: Request): Answer | undefined {
  if (!METHODS.has(request.method)) return plainAnswer(501, `method '${request.method}' not available`, false);
  const encoding = request.headers['transfer-encoding'];
  if (encoding?.toLowerCase() === 'chunked') return plainAnswer(501, 'chunked transfer encoding not supported');
  if (encoding) return plainAnswer(501, `Unknown transfer encoding '${encoding}'`);
  return undefined;
}

function locate(target: string): Located | Answer {
  const mark = target.indexOf('?');
  const path = unescapePath(mark < 0 ? target : target.slice(0, mark));
  const query = mark < 0 ? '' : target.slice(mark + 1);
  if (!path.startsWith(BASE)) return plainAnswer(500, `no such file '${path}'\n`);
  const match = /^\/api2\/+([a-z][a-z0-9]+)(\/.*)?$/s.exec(path);
  if (match === null) return plainAnswer(501, 'no such uri');
  const [, format = '', rest = '/'] = match;
  return { format, path: rest, query };
}

function refuseIdentity(world: World, method: string, path: string, auth: Authentication): Answer | undefined {
  if ('refused' in auth) return plainAnswer(401, auth.refused, false);
  if (!isUpload(method, path)) return undefined;
  try {
    const storage = path.split('/')[4] ?? '';
    checkRoute(world, { check: ['perm', `/storage/${storage}`, ['Datastore.AllocateTemplate']] }, auth.who, {});
    return undefined;
  } catch (error) {
    if (error instanceof PveError) return plainAnswer(error.status, error.message, false);
    throw error;
  }
}

/** The checks on a body, which come after those of the identity. */
function refuseBody(request: Request, upload: boolean): Answer | undefined {
  const length = Number(request.headers['content-length'] ?? request.body?.length ?? 0);
  if (length === 0) return undefined;
  if (request.method !== 'PUT' && request.method !== 'POST') {
    return plainAnswer(501, `Unexpected content for method '${request.method}'`);
  }
  const type = request.headers['content-type'];
  if (upload) {
    if (boundaryOf(type ?? '') !== undefined) return undefined;
    return plainAnswer(500, `upload 'Content-Type '${type}' not implemented\n`);
  }
  if (length > MAX_BODY) return plainAnswer(501, 'for data too large');
  const bare = bareType(type);
  if (bare === undefined || bare === 'application/x-www-form-urlencoded' || bare === 'application/json')
    return undefined;
  return plainAnswer(506, `upload 'Content-Type '${type}' not implemented`);
}

function bareType(type: string | undefined): string | undefined {
  return type?.split(/\s*[;,]\s*/)[0];
}

/** The upload in a body; null where its parts are not in the order that the server reads. */
function uploadOf(request: Request): Upload | null {
  const boundary = boundaryOf(request.headers['content-type'] ?? '') ?? '';
  return readUpload(Buffer.from(request.body ?? ''), boundary) ?? null;
}

function* route(
  world: World,
  handlers: Handlers,
  request: Request,
  located: Located,
  authentication: { who: Identity | undefined; byToken: boolean },
  upload: Upload | undefined,
  process: Mortal,
): Steps<Answer> {
  let raw: RawParameters;
  try {
    raw = upload === undefined ? parametersOf(request, located.query) : uploadParameters(upload);
  } catch (error) {
    if (error instanceof PveError) return plainAnswer(500, `${error.message}\n`);
    throw error;
  }
  delete raw._dc;
  try {
    const found = findRoute(world.release, request.method, located.path);
    if (found === undefined) throw new PveError(`Method '${request.method} ${located.path}' not implemented`, 501);
    const params = withPathParameters(found.pathParams, raw);
    if (authentication.byToken && !found.route.allowToken) {
      throw forbidden(`URI '${located.path}' not available with API token, need proper ticket.\n`);
    }
    checkRoute(world, found.route.permissions, authentication.who, params);
    const node = found.route.proxyTo === undefined ? entry(world, request) : String(params.node);
    const unreachable = yield* reach(world, entry(world, request), node);
    if (unreachable !== undefined) return unreachable;
    const who = authentication.who ?? { authid: '', user: '' };
    const call = { node, who, params, upload, process, headers: request.headers };
    const result = yield* whileUp(world, node, () => run(world, handlers, found.route, call));
    if (result === undefined) {
      return node === entry(world, request) ? lostNode('reset') : plainAnswer(596, 'Connection reset by peer', false);
    }
    return isAnswer(result) ? result : formatResult(located.format, result);
  } catch (error) {
    if (error instanceof PveError) return formatResult(located.format, { failure: error });
    if (error instanceof BrokenPipe) return plainAnswer(596, 'Broken pipe', false);
    throw error;
  }
}

function parametersOf(request: Request, query: string): RawParameters {
  const body = request.body?.toString() ?? '';
  const hasBody = request.method === 'PUT' || request.method === 'POST';
  const isJson = bareType(request.headers['content-type']) === 'application/json';
  const fromBody = !hasBody ? {} : isJson ? decodeJson(body) : decodeForm(body);
  return { ...fromBody, ...decodeForm(query) };
}

function uploadParameters(upload: Upload): RawParameters {
  return {
    ...upload.fields,
    filename: upload.filename,
    tmpfilename: '/var/tmp/pveupload-00000000000000000000000000000000',
  };
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
function entry(world: World, request: Request): string {
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
function lostNode(broken: 'refused' | 'reset'): Answer {
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
