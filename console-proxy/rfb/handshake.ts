import type { WebSocket } from 'ws';
import type { ConsoleSocket } from '#proxmox/websocket/console-socket.ts';
import { type ByteReader, ProtocolError } from '../byte-reader.ts';
import { answerChallenge, challengeBytes } from './vnc-auth.ts';

const version = Buffer.from('RFB 003.008\n');
const none = 1;
const vncAuth = 2;

/** A longer reason of a refusal is cut. */
const longestReason = 1024;

/**
 * Logs in to an RFB server (RFC 6143, 7.1 and 7.2), so that its password never goes to a browser. Rejects with
 * ProtocolError.
 */
export async function logIn(socket: Pick<ConsoleSocket, 'send'>, reader: ByteReader, password: string): Promise<void> {
  const offered = (await reader.read(version.length)).toString('latin1');
  if (!/^RFB 003\.00[78]\n$/.test(offered)) throw new ProtocolError('the server speaks no RFB 3.8');
  socket.send(Buffer.from(offered, 'latin1'));
  const [count = 0] = await reader.read(1);
  if (count === 0) throw new ProtocolError(`the server refuses: ${await readReason(reader)}`);
  const types = [...(await reader.read(count))];
  if (types.includes(vncAuth)) {
    socket.send(Buffer.from([vncAuth]));
    socket.send(answerChallenge(await reader.read(challengeBytes), password));
  } else if (types.includes(none)) {
    socket.send(Buffer.from([none]));
    if (offered.includes('007')) return;
  } else {
    throw new ProtocolError(`the server knows other ways to log in: ${types.join(', ')}`);
  }
  const result = (await reader.read(4)).readUInt32BE();
  if (result !== 0) throw new ProtocolError(`the server did not let us in (${result})`);
}

/** Lets a viewer in, which has proven itself by its cookie. Answers its first message. Rejects with ProtocolError. */
export async function letIn(socket: WebSocket, reader: ByteReader): Promise<Buffer> {
  socket.send(version);
  const chosen = await reader.read(version.length);
  if (!chosen.equals(version)) throw new ProtocolError('the viewer speaks no RFB 3.8');
  socket.send(Buffer.from([1, none]));
  const [type] = await reader.read(1);
  if (type !== none) throw new ProtocolError('the viewer wants to log in some other way');
  socket.send(Buffer.alloc(4));
  await reader.read(1);
  // Whoever else may see the machine stays: a viewer must not ask for it alone.
  return Buffer.from([1]);
}

async function readReason(reader: ByteReader): Promise<string> {
  const length = (await reader.read(4)).readUInt32BE();
  return (await reader.read(Math.min(length, longestReason))).toString('latin1').replace(/[^\x20-\x7e]/g, ' ');
}
