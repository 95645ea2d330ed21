import type { IncomingMessage } from 'node:http';
import type { Headers, Request } from './message.ts';

/** Longer heads are left unread: the connection is idle then [PVE::APIServer::AnyEvent, unshift_read_header]. */
export const MAX_HEADER_BYTES = 8 * 1024;

/** So many lines are too many, the empty one included. */
const MAX_HEADER_LINES = 64;

/** Bodies are read up to here; what is longer is refused by its Content-Length before. */
const MAX_UPLOAD = 256 * 2 ** 20;

/** Such a request is never answered. */
export function isHeadTooLong({ rawHeaders }: IncomingMessage): boolean {
  const bytes = rawHeaders.reduce((sum, text) => sum + text.length, rawHeaders.length);
  return rawHeaders.length / 2 + 1 >= MAX_HEADER_LINES || bytes >= MAX_HEADER_BYTES;
}

/** Reads the body, unless the head alone decides. Undefined if the client goes away meanwhile. */
export async function readRequest(incoming: IncomingMessage, node: string | undefined): Promise<Request | undefined> {
  const { method = 'GET', url = '/', headers } = incoming;
  const request: Request = {
    method,
    target: url,
    headers: headers as Headers,
    peer: incoming.socket.remoteAddress ?? '',
  };
  if (node !== undefined) request.node = node;
  if (headers['transfer-encoding'] !== undefined || headers['content-length'] === undefined) return request;
  const body = await readBody(incoming);
  return body && { ...request, body };
}

async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= MAX_UPLOAD) chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}
