import { ProtocolError } from '../byte-reader.ts';
import type { ClientFilter, Filtered } from '../client-filter.ts';

/** The most that somebody pastes in one message. */
const mostText = 64 * 1024;

const nothing = Buffer.alloc(0);

/**
 * Looks at what a terminal sends, in termproxy's own form: `0:LENGTH:TEXT` for what was typed and `1:COLUMNS:ROWS:` for
 * a new size, one message in each frame. A viewer that may only look has the first dropped.
 */
export function terminalFilter(viewOnly: boolean): ClientFilter {
  return {
    take(bytes: Buffer): Filtered {
      const head = bytes.subarray(0, 16).toString('latin1');
      const [start, length] = /^0:(\d{1,6}):/.exec(head) ?? [];
      if (start !== undefined) {
        if (Number(length) > mostText || start.length + Number(length) !== bytes.length) {
          throw new ProtocolError('a typed text is not as long as it says, or too long');
        }
        return viewOnly ? { pass: nothing, typed: false } : { pass: bytes, typed: true };
      }
      if (/^1:\d{1,4}:\d{1,4}:$/.test(bytes.toString('latin1'))) return { pass: bytes, typed: false };
      throw new ProtocolError('that is no message of a terminal');
    },
  };
}

/** What keeps a terminal's connection alive. */
export const terminalPing = '2';
