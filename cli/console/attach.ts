import { Agent, request } from 'undici';
import { type RawData, WebSocket } from 'ws';
import { lookup } from './lookup.ts';
import { NotOpened, type RequestedConsole } from './request.ts';

/** Ctrl-], as telnet has it. */
const leaveKey = 0x1d;

/** The most that goes in one message; a longer paste takes several. */
const mostBytes = 16 * 1024;

const words: Record<string, string> = {
  SerialUnsupported: 'This Proxmox VE is too old for serial consoles by an API token: it takes version 9.',
  MachineStopped: 'The machine is off.',
  MachineDeleted: 'The machine was deleted.',
  Revoked: 'The right to see this console was taken away.',
  Idle: 'Nobody typed for too long.',
  TimeLimit: 'The console was open for as long as is allowed.',
  SessionDeleted: 'The console was ended by somebody who may do so.',
  Draining: 'The console-proxy is being stopped; try again.',
};

/** Joins this terminal to a serial console until one of both leaves; answers the exit code. @throws NotOpened */
export async function attachTerminal(console: RequestedConsole, ca: string | undefined): Promise<number> {
  const { origin } = new URL(console.url);
  const cookie = await redeem(console, origin, ca);
  const path = new URL(console.url).pathname.replace(/^\/s\//, '/session/');
  const socket = new WebSocket(`${origin.replace(/^https/, 'wss')}${path}/ws`, 'binary', {
    headers: { cookie, origin },
    perMessageDeflate: false,
    lookup,
    ...(ca !== undefined && { ca }),
  });
  const { stdin, stdout, stderr } = process;
  const { promise: left, resolve: leave, reject } = Promise.withResolvers<string>();
  const send = (text: string | Buffer) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(Buffer.from(text));
  };
  const tellSize = () => send(`1:${stdout.columns ?? 80}:${stdout.rows ?? 24}:`);
  const type = (typed: Buffer) => {
    const end = stdin.isTTY ? typed.indexOf(leaveKey) : -1;
    const bytes = end < 0 ? typed : typed.subarray(0, end);
    for (let at = 0; at < bytes.length; at += mostBytes) {
      const part = bytes.subarray(at, at + mostBytes);
      send(Buffer.concat([Buffer.from(`0:${part.length}:`), part]));
    }
    if (end >= 0) socket.close(1000);
  };
  socket.on('open', () => {
    if (stdin.isTTY) {
      stderr.write('Connected. Ctrl-] leaves.\r\n');
      stdin.setRawMode(true);
    }
    stdin.on('data', type).resume();
    stdout.on('resize', tellSize);
    tellSize();
  });
  socket.on('message', (data: RawData) => stdout.write(data as Buffer));
  socket.on('close', (code, reason) => leave(code === 4000 ? reason.toString() : ''));
  socket.on('error', error => reject(new NotOpened(`The console does not answer: ${error.message}`)));
  try {
    const reason = await left;
    if (reason !== '') stderr.write(`\r\n${words[reason] ?? `The console ended: ${reason}.`}\r\n`);
    return reason === '' ? 0 : 1;
  } finally {
    stdin.off('data', type).pause();
    stdout.off('resize', tellSize);
    if (stdin.isTTY) stdin.setRawMode(false);
  }
}

/** Opens the session, and answers the cookie that it was given. @throws NotOpened */
async function redeem({ url, verifier }: RequestedConsole, origin: string, ca: string | undefined): Promise<string> {
  const agent = new Agent({ connect: { lookup, ...(ca !== undefined && { ca }) } });
  try {
    const { statusCode, headers, body } = await request(url, {
      dispatcher: agent,
      method: 'POST',
      headers: { origin, accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: `verifier=${verifier}`,
      headersTimeout: 15_000,
      bodyTimeout: 15_000,
    });
    const text = await body.text();
    const [cookie] = [headers['set-cookie'] ?? []].flat();
    if (statusCode === 303 && cookie) return cookie.split(';')[0] ?? '';
    throw new NotOpened(`The console was not opened (${statusCode}): ${text.slice(0, 200)}`);
  } catch (error) {
    if (error instanceof NotOpened) throw error;
    throw new NotOpened(`The console does not answer: ${(error as Error).message}`);
  } finally {
    await agent.destroy();
  }
}
