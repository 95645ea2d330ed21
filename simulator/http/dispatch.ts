import { type Authentication, authenticate, isUpload } from '../auth/authenticate.ts';
import { checkRoute } from '../auth/check.ts';
import { PveError } from '../engine/errors.ts';
import { type Mortal, type Steps, sleep } from '../engine/process.ts';
import type { Handlers, World } from '../engine/world.ts';
import { callRoute, entryNode, lostNode } from './call-route.ts';
import { FORMATS } from './format.ts';
import { type Answer, plainAnswer, type Request } from './message.ts';
import { boundaryOf, readUpload, type Upload } from './multipart.ts';
import { decodeForm, decodeJson, type RawParameters, unescapePath } from './parameters.ts';

/** Every 401 comes this late [PVE::APIServer::AnyEvent]. */
const REFUSAL_DELAY_MS = 3000;

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
  if (world.state.nodes[entryNode(world, request)]?.reachable === false) return lostNode('refused');
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
  let raw: RawParameters;
  try {
    raw = upload === undefined ? parametersOf(request, located.query) : uploadParameters(upload);
  } catch (error) {
    if (error instanceof PveError) return plainAnswer(500, `${error.message}\n`);
    throw error;
  }
  delete raw._dc;
  const { format, path } = located;
  const answer = yield* callRoute(world, handlers, { request, format, path, raw, authentication, upload, process });
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
