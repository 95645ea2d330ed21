import { expect, test } from 'vitest';
import { Gatherer } from './gather.ts';

function gather(): { gatherer: Gatherer; frames: Buffer[]; sent: (() => void)[] } {
  const frames: Buffer[] = [];
  const sent: (() => void)[] = [];
  const gatherer = new Gatherer((frame, onSent) => {
    frames.push(frame);
    sent.push(onSent);
  });
  return { gatherer, frames, sent };
}

const turn = () => new Promise(resolve => setImmediate(resolve));

test('what comes in one turn of the event loop is one frame, what comes later is another', async () => {
  const { gatherer, frames } = gather();
  for (const text of ['pic', 't', 'ure']) gatherer.add(Buffer.from(text));
  expect(frames).toEqual([]);
  await turn();
  gatherer.add(Buffer.from('more'));
  await turn();
  expect(frames.map(String)).toEqual(['picture', 'more']);
});

test('much is several frames, none longer than Proxmox takes, and all of it is there', async () => {
  const { gatherer, frames } = gather();
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, at) => at % 251));
  gatherer.add(bytes.subarray(0, 100));
  gatherer.add(bytes.subarray(100));
  await turn();
  expect(frames.map(({ length }) => length)).toEqual([131_072, 131_072, 37_856]);
  expect(Buffer.concat(frames).equals(bytes)).toBe(true);
});

test('the bytes that were given may be overwritten, those that wait to be sent are not', async () => {
  const { gatherer, frames, sent } = gather();
  const bytes = Buffer.from('first');
  gatherer.add(bytes);
  bytes.fill('x');
  await turn();
  gatherer.add(Buffer.from('other'));
  await turn();
  expect(frames.map(String)).toEqual(['first', 'other']);
  sent[0]?.();
  gatherer.add(Buffer.from('third'));
  await turn();
  gatherer.add(Buffer.from('more.'));
  await turn();
  expect(frames.slice(1).map(String)).toEqual(['other', 'third', 'more.']);
});
