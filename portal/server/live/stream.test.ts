import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { openStream, type Stream } from './stream.ts';
import { eventText } from './texts.ts';

let server: Server;

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A stream to a reader that does not read until it is told to. */
async function streamToSlowReader(onBehind: () => void) {
  const opened = Promise.withResolvers<Stream>();
  server = createServer((_request, response) => opened.resolve(openStream(response, onBehind)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const answered = Promise.withResolvers<NodeJS.ReadableStream>();
  request({ port, host: '127.0.0.1' }, answered.resolve).end();
  const [stream, reader] = await Promise.all([opened.promise, answered.promise]);
  return { stream, reader };
}

test('a reader that is too slow holds up little, and gets a new snapshot when it has caught up', async () => {
  const behind = vi.fn();
  const { stream, reader } = await streamToSlowReader(behind);
  const change = eventText('machine', JSON.stringify({ filler: 'x'.repeat(10_000) }));
  for (let sent = 0; sent < 20_000; sent += 1) stream.send(change);
  // 200 MB were sent; what waits is the limit and one event.
  expect(stream.waitingBytes).toBeLessThan(600 * 1024);
  expect(behind).not.toHaveBeenCalled();
  reader.resume();
  await vi.waitFor(() => expect(behind).toHaveBeenCalledTimes(1), 60_000);
});

test('an event is one line of data, whatever text is in it', () => {
  const json = JSON.stringify({ description: 'a\n\nevent: forged\ndata: {}\n\n\u2028' });
  expect(eventText('machine', json).split('\n')).toEqual(['event: machine', `data: ${json}`, '', '']);
});
