import { createHash, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { ConsoleSocket, Incoming } from './console-socket.ts';

/** RFC 6455, 1.3. */
const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** As long an answer as Node's own client takes. */
const longestHead = 16 * 1024;

/** The server answered, but not with a WebSocket. */
export class NotUpgraded extends Error {
  readonly status: number;

  constructor(status: number, reason: string) {
    super(reason);
    this.name = 'NotUpgraded';
    this.status = status;
  }
}

/** A wish for a WebSocket. */
export interface UpgradeRequest {
  /** Path and query. */
  target: string;
  /** Of the request, `host` among them. */
  headers: Record<string, string>;
  /** Until the server has answered. */
  signal: AbortSignal;
}

/**
 * Asks for a WebSocket of bytes on a connection that `connect` makes with what the incoming bytes go to.
 * @throws NotUpgraded, the reason of the signal, or what `connect` throws
 */
export async function openConsoleSocket(
  connect: (onread: Incoming['onread']) => Promise<Socket>,
  { target, headers, signal }: UpgradeRequest,
): Promise<ConsoleSocket> {
  const key = randomBytes(16).toString('base64');
  const lines = [
    `GET ${target} HTTP/1.1`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${key}`,
    'Sec-WebSocket-Protocol: binary',
  ];
  if (lines.some(line => /[^\x20-\x7e]/.test(line))) throw new TypeError('a line of a request has other characters');
  const incoming = new Incoming();
  const socket = await connect(incoming.onread);
  const { promise, resolve, reject } = Promise.withResolvers<ConsoleSocket>();
  const onAbort = () => reject(signal.reason);
  const onEnd = () => reject(new NotUpgraded(0, 'the connection was closed'));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort);
  socket.on('error', reject).on('end', onEnd).on('close', onEnd);
  let received: Buffer = Buffer.alloc(0);
  incoming.take = bytes => {
    received = Buffer.concat([received, bytes]);
    const end = received.indexOf('\r\n\r\n');
    if (end < 0 && received.length > longestHead) reject(new NotUpgraded(0, 'the answer is too long'));
    if (end < 0) return;
    const refusal = whyNot(received.toString('latin1', 0, end), key);
    // Made at once: the next bytes are its own.
    if (refusal) reject(refusal);
    else resolve(new ConsoleSocket(socket, incoming, received.subarray(end + 4)));
  };
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  socket.resume();
  try {
    return await promise;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.off('end', onEnd).off('close', onEnd);
  }
}

/** What is wrong with an answer (RFC 6455, 4.1), if anything is. */
function whyNot(head: string, key: string): NotUpgraded | undefined {
  const [statusLine = '', ...lines] = head.split('\r\n');
  const [, status, reason = ''] = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(statusLine) ?? [];
  if (status === undefined) return new NotUpgraded(0, 'the answer is no HTTP');
  if (status !== '101') return new NotUpgraded(Number(status), reason);
  const header = (name: string) => {
    const line = lines.find(each => each.toLowerCase().startsWith(`${name}:`));
    return line?.slice(name.length + 1).trim();
  };
  const accept = createHash('sha1').update(`${key}${magic}`).digest('base64');
  if (header('sec-websocket-accept') !== accept) return new NotUpgraded(101, 'the answer is for another request');
  if (header('upgrade')?.toLowerCase() !== 'websocket') return new NotUpgraded(101, 'it is no WebSocket');
  if (header('sec-websocket-extensions')) return new NotUpgraded(101, 'it has extensions that nobody asked for');
  return undefined;
}
