import { randomFillSync } from 'node:crypto';

/** What a client's frame may be. */
export type Opcode = 2 | 8 | 9 | 10;

const maskBytes = 4;

/** A whole frame of a client: masked, as RFC 6455 (5.3) wants it. */
export function maskedFrame(opcode: Opcode, payload: Buffer): Buffer {
  const { length } = payload;
  const start = (length < 126 ? 2 : length <= 0xffff ? 4 : 10) + maskBytes;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = 0x80 | opcode;
  if (length < 126) frame[1] = 0x80 | length;
  else if (length <= 0xffff) {
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 0x80 | 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  const mask = frame.subarray(start - maskBytes, start);
  randomFillSync(mask);
  for (let at = 0; at < length; at++) frame[start + at] = (payload[at] ?? 0) ^ (mask[at % maskBytes] ?? 0);
  return frame;
}
