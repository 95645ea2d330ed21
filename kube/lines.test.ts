import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitLines } from './lines.ts';

// The same cases in each run: whoever looks for another counterexample takes this line out.
fc.configureGlobal({ seed: 1 });

async function linesOf(chunks: Iterable<Uint8Array>): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of splitLines(toAsync(chunks))) lines.push(line);
  return lines;
}

async function* toAsync<T>(values: Iterable<T>): AsyncGenerator<T> {
  yield* values;
}

describe('the lines of a stream', () => {
  it('are the same wherever the chunks end, even inside a character', async () => {
    const texts = fc.array(
      fc.string({ unit: 'grapheme', minLength: 1 }).filter(text => !/[\r\n]/.test(text) && text.trim() !== ''),
    );
    await fc.assert(
      fc.asyncProperty(texts, fc.array(fc.nat({ max: 200 })), async (lines, cuts) => {
        const bytes = Buffer.from(lines.map(line => `${line}\n`).join(''));
        const ends = [...cuts.map(cut => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const chunks = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
        expect(await linesOf(chunks)).toEqual(lines);
      }),
    );
  });

  it('do not hold what was cut at the end', async () => {
    expect(await linesOf([Buffer.from('whole\ncu')])).toEqual(['whole']);
  });

  it('without an end are given up before they fill the memory', async () => {
    const chunk = Buffer.alloc(2 ** 20, 'x');
    await expect(linesOf(Array.from({ length: 64 }, () => chunk))).rejects.toMatchObject({ reason: 'Malformed' });
    const half = Buffer.alloc(2 ** 19, 'x');
    const lines = Array.from({ length: 64 }, () => Buffer.concat([half, Buffer.from('\n'), half]));
    expect(await linesOf(lines)).toHaveLength(64);
  });
});
