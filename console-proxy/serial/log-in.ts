import type { ConsoleSocket } from '#proxmox/websocket/console-socket.ts';
import { type ByteReader, ProtocolError } from '../byte-reader.ts';

/**
 * Logs in to termproxy, which answers OK or closes. Rejects with ProtocolError: before Proxmox VE 9 (libpve-access-control
 * 9.0.4) termproxy cannot verify the ticket of a token and closes.
 */
export async function logInToTerminal(
  socket: Pick<ConsoleSocket, 'send'>,
  reader: ByteReader,
  login: string,
): Promise<void> {
  socket.send(Buffer.from(login));
  const answer = await reader.read(2);
  if (answer.toString('latin1') !== 'OK') throw new ProtocolError('the terminal did not let us in');
}
