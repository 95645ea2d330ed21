import { KubeError } from './errors.ts';

/**
 * The longest line that is gathered, in bytes. etcd takes 1.5 MiB a request by default; JSON with its escapes may be
 * several times that, but not ten times.
 */
const longestLine = 16 * 2 ** 20;

const newline = 0x0a;

/**
 * Splits a stream of bytes into lines of UTF-8 text. What stands after the last newline when the stream ends was cut
 * and is left out: the watch that resumes gets it again. Rejects with a `KubeError` where a line has no end.
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, void> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      // Decoded once the line is whole: a chunk may end inside a character.
      const line = Buffer.concat([...pending, chunk.subarray(start, end)]).toString('utf8');
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      if (line.trim() !== '') yield line;
    }
    if (start < chunk.length) pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    if (pendingBytes > longestLine) {
      throw new KubeError({ status: 0, reason: 'Malformed', message: 'a line of the stream has no end' });
    }
  }
}
