import { ProtocolError } from '../byte-reader.ts';
import type { ClientFilter, Filtered } from '../client-filter.ts';

/** QEMU takes no longer text for the clipboard. */
const mostCutText = 1 << 20;

const keyEvent = 4;
const pointerEvent = 5;
const cutText = 6;
const power = 250;
const desktopSize = 251;
const qemu = 255;

/** Messages that do something to the machine, rather than ask for its picture. */
const acting = new Set([keyEvent, pointerEvent, cutText, power, desktopSize, qemu]);

/**
 * Follows the messages of an RFB client: RFC 6143, 7.5, and the extensions that noVNC uses. A viewer that may only look
 * has all others dropped. Power over VNC is dropped for everybody: the right to a console is not the right to it.
 */
export class RfbFilter implements ClientFilter {
  readonly #viewOnly: boolean;
  #head: Buffer = Buffer.alloc(0);
  #remaining = 0;
  #dropping = false;

  constructor(viewOnly: boolean) {
    this.#viewOnly = viewOnly;
  }

  take(incoming: Buffer): Filtered {
    const bytes = this.#head.length > 0 ? Buffer.concat([this.#head, incoming]) : incoming;
    this.#head = Buffer.alloc(0);
    const pass: Buffer[] = [];
    let typed = false;
    let at = 0;
    while (at < bytes.length) {
      if (this.#remaining === 0) {
        const length = lengthOf(bytes, at);
        if (length === undefined) {
          this.#head = Buffer.from(bytes.subarray(at));
          break;
        }
        const type = bytes[at] ?? 0;
        this.#remaining = length;
        this.#dropping = type === power || (this.#viewOnly && acting.has(type));
        typed ||= acting.has(type) && !this.#dropping;
      }
      const end = Math.min(at + this.#remaining, bytes.length);
      if (!this.#dropping) pass.push(bytes.subarray(at, end));
      this.#remaining -= end - at;
      at = end;
    }
    return { pass: pass.length === 1 ? (pass[0] as Buffer) : Buffer.concat(pass), typed };
  }
}

/** The length of the message that begins there; undefined while too little of it has come. */
function lengthOf(bytes: Buffer, at: number): number | undefined {
  const type = bytes[at];
  const has = (count: number) => bytes.length - at >= count;
  switch (type) {
    case 0:
      return 20;
    case 2:
      return has(4) ? 4 + 4 * bytes.readUInt16BE(at + 2) : undefined;
    case 3:
      return 10;
    case keyEvent:
      return 8;
    case pointerEvent:
      return 6;
    case cutText: {
      if (!has(8)) return undefined;
      // A negative length is that of the extended clipboard.
      const length = Math.abs(bytes.readInt32BE(at + 4));
      if (length > mostCutText) throw new ProtocolError('a text for the clipboard is too long');
      return 8 + length;
    }
    case 150:
      return 10;
    case 248:
      return has(9) ? 9 + (bytes[at + 8] ?? 0) : undefined;
    case power:
      return 4;
    case desktopSize:
      return has(8) ? 8 + 16 * (bytes[at + 6] ?? 0) : undefined;
    case qemu:
      // Of these noVNC sends keys alone.
      if (!has(2)) return undefined;
      if (bytes[at + 1] !== 0) throw new ProtocolError(`QEMU's message ${bytes[at + 1]} is not allowed`);
      return 12;
    default:
      throw new ProtocolError(`there is no message ${type}`);
  }
}
