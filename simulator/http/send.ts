import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Answer } from './message.ts';

/** Bodies above this size are compressed for who takes that. */
const GZIP_FROM = 1024;

/** Writes an answer with the headers of pveproxy. One without a body has no Content-Length, and ends the connection. */
export function sendAnswer(response: ServerResponse, answer: Answer, close: boolean, gzip: boolean): void {
  const date = new Date().toUTCString();
  response.sendDate = false;
  response.statusMessage = answer.reason.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?');
  response.statusCode = answer.status;
  const headers: Record<string, string> = {
    'Cache-Control': 'max-age=0',
    Connection: close ? 'close' : 'Keep-Alive',
    Date: date,
    Pragma: 'no-cache',
    Server: 'pve-api-daemon/3.0',
    Expires: date,
    ...answer.headers,
  };
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (answer.body === '') {
    response.removeHeader('Transfer-Encoding');
    response.removeHeader('Content-Length');
    response.shouldKeepAlive = false;
    response.end();
    return;
  }
  let body = Buffer.from(answer.body);
  if (gzip && body.length > GZIP_FROM) {
    body = gzipSync(body);
    response.setHeader('Content-Encoding', 'gzip');
  }
  response.setHeader('Content-Length', body.length);
  if (close) response.shouldKeepAlive = false;
  response.end(body);
}
